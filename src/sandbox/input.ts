import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostGround } from '../host/directories.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Ground } from '../host/ground.ts';
import { currentSkeleton, ensureSkeleton, type Skeleton } from '../host/skeleton.ts';
import { encodeBytes } from '../linux/bytes.ts';
import type { PlanInput, RootSource } from '../plan/input.ts';
import type { RootFs, Spec } from '../plan/spec.ts';
import { storageDriver } from './driver.ts';
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
  const driver = await storageDriver(spec, facts);
  const terminalPath = inheritedTerminal(spec);
  const rootMode = modeOfRoot(spec.rootfs);
  return {
    ...commandInput(spec, facts, await rootSource(spec, facts, beginProgress)),
    driver,
    ...(rootMode === undefined ? {} : { rootMode }),
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
  const user = resolveUser(spec, facts);
  return { spec, facts, root, driver: { kind: 'native' }, user, volumeTypes: new Map(), hosts: '' };
}

async function rootSource(spec: Spec, facts: HostFacts, beginProgress: BeginProgress): Promise<RootSource> {
  if (spec.rootfs.kind !== 'host') return spec.rootfs;
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

/** An overlay shows the upper directory's permission bits as the root's own: it is to have those of the uppermost layer. */
function modeOfRoot(rootfs: RootFs): number | undefined {
  if (rootfs.kind === 'host') return undefined;
  const path = rootfs.kind === 'directory' ? rootfs.path : rootfs.layers[0];
  if (path === undefined) return undefined;
  const about = statSync(encodeBytes(path), { throwIfNoEntry: false });
  if (about?.isDirectory()) return about.mode & 0o7777;
  throw new SandboxError('LAYERS_GONE', `the root file system is gone: ${path} is no directory`, {
    ...(rootfs.kind === 'image' ? { hint: `pull the image again: sandbox image pull ${rootfs.name}` } : {}),
  });
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
