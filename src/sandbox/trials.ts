import { release } from 'node:os';
import type { OverlaySupport } from '../host/facts.ts';
import { writeProbe } from '../host/overlay-probe.ts';
import { surveyHost } from '../host/survey.ts';
import { compileLauncher } from '../launch/compile.ts';
import type { IdMapping, SetupOp } from '../launch/operations.ts';
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

/** Mounts an overlay in the store, and remembers whether that worked. */
export async function tryOverlay(): Promise<OverlaySupport> {
  const upper = { directory: 'upper', work: 'work' };
  const trial = tryMounting({ op: 'mountRootOverlay', layers: { lower: ['lower'], upper, volatile: true } });
  const facts = surveyHost();
  const support: OverlaySupport = trial.ok
    ? { kind: 'native' }
    : { kind: 'none', reason: `an overlay in ${facts.store} was refused (${trial.errno})` };
  writeProbe({ store: facts.store, mounts: facts.mounts, release: release(), uid: facts.uid }, support);
  return support;
}
