import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostGround } from '../host/directories.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Ground } from '../host/ground.ts';
import { currentSkeleton, ensureSkeleton, type Skeleton } from '../host/skeleton.ts';
import type { PlanInput, RootSource } from '../plan/input.ts';
import type { Spec } from '../plan/spec.ts';
import { SandboxError } from './error.ts';
import { resolveUser } from './user.ts';

/** Shows how far the preparation of the `host` image is, which takes seconds the first time. */
export interface Progress {
  readonly update: (entries: number) => void;
  readonly end: () => void;
}

/** Called when there is something to show: what shows it is not loaded before. */
export type BeginProgress = () => Promise<Progress>;

/** Looks up what the plan needs besides the spec and the facts: reads the host, and prepares the `host` image once. */
export async function planInput(spec: Spec, facts: HostFacts, beginProgress: BeginProgress): Promise<PlanInput> {
  if (facts.overlay.kind === 'none') {
    throw new SandboxError('NO_OVERLAY', `copy-on-write is not possible here: ${facts.overlay.reason}`, {
      hint: '`sandbox doctor` says more',
    });
  }
  const terminalPath = inheritedTerminal(spec);
  return {
    ...commandInput(spec, facts, await rootSource(spec, facts, beginProgress)),
    volumeTypes: new Map(spec.volumes.map(({ source }) => [source, typeOf(source)])),
    ...(terminalPath === undefined ? {} : { terminalPath }),
    hosts: readHosts(),
  };
}

/** What a command in a sandbox that is open already needs: its root file system is there, and so is the rest. */
export function joinInput(spec: Spec, facts: HostFacts): PlanInput {
  const root: RootSource = spec.rootfs.kind === 'host' ? { kind: 'host', ground: [], generation: '' } : spec.rootfs;
  return commandInput(spec, facts, root);
}

function commandInput(spec: Spec, facts: HostFacts, root: RootSource): PlanInput {
  return { spec, facts, root, user: resolveUser(spec, facts), volumeTypes: new Map(), hosts: '' };
}

async function rootSource(spec: Spec, facts: HostFacts, beginProgress: BeginProgress): Promise<RootSource> {
  if (spec.rootfs.kind === 'directory') return spec.rootfs;
  const ground = hostGround(facts);
  const current = currentSkeleton(facts.store, ground);
  const { generation } = current ?? (await prepareSkeleton(facts, ground, beginProgress));
  return { kind: 'host', ground: ground.entries, generation };
}

async function prepareSkeleton(facts: HostFacts, ground: Ground, beginProgress: BeginProgress): Promise<Skeleton> {
  const progress = await beginProgress();
  try {
    const [{ alone }, { removeStaleSkeletons }] = await Promise.all([
      import('../store/alone.ts'),
      import('./skeletons.ts'),
    ]);
    // Two hundred sandboxes that are started at once after an upgrade of the host shall prepare one image, not 200.
    return alone(`${facts.store}/preparing`, () => {
      const skeleton = ensureSkeleton(facts.store, ground, ({ directories, files }) =>
        progress.update(directories + files),
      );
      removeStaleSkeletons(facts.store);
      return skeleton;
    });
  } finally {
    progress.end();
  }
}

function typeOf(path: string): 'file' | 'directory' {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? 'directory' : 'file';
}

/** The path of the terminal that one of the standard streams is; a terminal of another mount namespace has none. */
function inheritedTerminal(spec: Spec): string | undefined {
  if (spec.terminal !== 'inherited') return undefined;
  for (const stream of [0, 1, 2]) {
    try {
      const path = readlinkSync(`/proc/self/fd/${stream}`);
      if (/^\/dev\/(pts\/\d+|tty\d+|ttyS\d+)$/.test(path) && statSync(path).isCharacterDevice()) return path;
    } catch {
      // Closed, or hidden: no terminal then.
    }
  }
  return undefined;
}

function readHosts(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8');
  } catch {
    return '127.0.0.1 localhost\n';
  }
}
