import { release } from 'node:os';
import type { OverlaySupport } from '../host/facts.ts';
import { FUSE_PROGRAM, findFuseProgram } from '../host/fuse-program.ts';
import { writeProbe } from '../host/overlay-probe.ts';
import { surveyHost } from '../host/survey.ts';
import { compileLauncher } from '../launch/compile.ts';
import type { IdMapping, OverlayLayers, SetupOp } from '../launch/operations.ts';
import { type LauncherResult, runLauncher } from '../launch/run.ts';
import { ensureStore, shelf } from '../store/layout.ts';

/** Whether something that every sandbox needs worked when it was tried. */
export type Trial = { readonly ok: true } | { readonly ok: false; readonly errno: string };

const trialOf = ({ status, message }: LauncherResult): Trial =>
  status === 0 ? { ok: true } : { ok: false, errno: message.slice(message.lastIndexOf(' ') + 1) };

/** Runs a launcher that makes a sandbox with one root mount, and nothing else, and takes it down again. */
function tryMounting(mount: SetupOp): Trial {
  const facts = surveyHost();
  ensureStore(facts.store);
  const { uid, gid } = facts;
  const ids: IdMapping = {
    kind: 'single',
    uid: { inside: 0, outside: uid, count: 1 },
    gid: { inside: 0, outside: gid, count: 1 },
  };
  const directories = ['root', 'lower', 'upper', 'work'].map((path) => ({ path, mode: 0o755 }));
  const operations: SetupOp[] = [
    { op: 'enterSandboxDirectory', store: shelf(facts.store, 'runs'), sandbox: { kind: 'generated' }, spec: '{}\n' },
    { op: 'makeSandboxDirectories', directories },
    { op: 'createNamespaces', namespaces: ['user', 'mount', 'pid'], ids },
    { op: 'dieWithMonitor' },
    { op: 'isolateMounts' },
    mount,
    { op: 'finish' },
  ];
  return trialOf(runLauncher(compileLauncher(operations, { arch: facts.arch }).elf(), facts.store));
}

/** Makes a user namespace and mounts something in it: some hosts allow the first and forbid everything in it. */
export async function tryUserNamespace(): Promise<Trial> {
  return tryMounting({ op: 'mountRootMemory' });
}

const LAYERS: OverlayLayers = { lower: ['lower'], upper: { directory: 'upper', work: 'work' }, volatile: true };

/** Tries the storage drivers in the store, the best first, and remembers which one worked; 'none': not even a namespace did. */
export async function tryOverlay(): Promise<OverlaySupport> {
  const facts = surveyHost();
  const support = findSupport(facts.store);
  writeProbe({ store: facts.store, mounts: facts.mounts, release: release(), uid: facts.uid }, support);
  return support;
}

function findSupport(store: string): OverlaySupport {
  const native = tryMounting({ op: 'mountRootOverlay', layers: LAYERS });
  if (native.ok) return { kind: 'native' };
  const reason = `the kernel refuses an overlay in ${store} (${native.errno})`;
  if (!tryMounting({ op: 'mountRootMemory' }).ok) return { kind: 'none', reason };
  const program = findFuseProgram();
  if (program === undefined) return { kind: 'copy', reason: `${reason}, and ${FUSE_PROGRAM} is not installed` };
  const fuse = tryMounting({ op: 'mountRootFuseOverlay', program, layers: LAYERS });
  if (fuse.ok) return { kind: 'fuse', program, reason };
  return { kind: 'copy', reason: `${reason}, and ${program} does not work (${fuse.errno})` };
}
