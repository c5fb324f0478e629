import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, writeFileSync } from 'node:fs';
import { surveyHost } from '../../host/survey.ts';
import type { SetupOp } from '../../launch/operations.ts';
import { launcherEnvironment, writeLauncherFile } from '../../launch/run.ts';
import type { Spec } from '../../plan/spec.ts';
import { explainer } from '../../sandbox/compile.ts';
import { type BeginProgress, joinInput, planInput } from '../../sandbox/input.ts';
import { GROUPED, limited } from '../../sandbox/limited.ts';
import { StoreError } from '../../store/error.ts';
import { ensureStore, shelf } from '../../store/layout.ts';
import { makeNamed, runningInit } from '../../store/sandbox-directory.ts';
import { ProjectError } from '../error.ts';
import { prepareInNetwork } from './in-network.ts';

/** What somebody may become inside: the sandbox's own lifetime has a name. */
export type NamedSpec = Spec & { readonly lifetime: { readonly kind: 'named'; readonly name: string } };

/** A running sandbox whose own command does nothing: services run in it, and others may join. */
export interface ServiceBox {
  readonly name: string;
  /** Its directory in the store. */
  readonly path: string;
  /** Pid of its init, as the host sees it. */
  readonly init: number;
  readonly network: Spec['network'];
  /** Fulfilled when it has ended, whatever ended it. */
  readonly ended: Promise<void>;
  /** Prepares a launcher of a command in it. */
  readonly join: (spec: Spec) => Promise<JoiningLauncher>;
  /** Prepares a launcher of a program of the host in its network, for which that is not the host's. */
  readonly inNetwork: (command: readonly string[]) => Promise<JoiningLauncher>;
  /** Ends everything in it. */
  readonly end: () => Promise<void>;
}

/** A launcher of a command in an open sandbox; it can be started again and again. */
export interface JoiningLauncher {
  /** Standard input is empty. `output`: descriptors. It is in a session of its own, which no terminal signals. */
  readonly start: (output: {
    readonly out: number | 'ignore';
    readonly error: number | 'ignore';
  }) => Promise<ChildProcess>;
  readonly close: () => void;
}

/** Empty file in the directory of a sandbox that was made for services: no other is ever removed here. */
const MARK = 'services';
const STARTING_MS = 2;

/**
 * Opens the sandbox of an environment's services, anew: what is left of one that was killed is removed. It ends with this
 * process, whatever ends that. Throws a HostError, StoreError, SandboxError, LaunchError or ProjectError.
 */
export async function openBox(
  spec: NamedSpec,
  { beginProgress, note }: { readonly beginProgress: BeginProgress; readonly note: (line: string) => void },
): Promise<ServiceBox> {
  const facts = surveyHost();
  const { name } = spec.lifetime;
  ensureStore(facts.store);
  const path = `${shelf(facts.store, 'sandboxes')}/${name}`;
  await removeBox(facts.store, name);
  const { spec: possible, group } = await limited(spec, note);
  const input = await planInput(possible, facts, beginProgress);
  // It belongs to no terminal, least of all to the one that it happens to be started from.
  const { terminalPath: _, ...rest } = input;
  const [{ compileLauncher }, { planSandbox }] = await Promise.all([
    import('../../launch/compile.ts'),
    import('../../plan/plan.ts'),
  ]);
  const { arch } = facts;
  const elf = compileLauncher(heldOpen(planSandbox(rest)), { arch, explainer: explainer() }).elf();
  makeNamed(facts.store, name);
  writeFileSync(`${path}/${MARK}`, '', { mode: 0o600 });
  const { descriptor } = writeLauncherFile(elf, facts.store);
  const launcher = spawn('/proc/self/fd/3', group === undefined ? [] : [group], {
    argv0: 'sandbox',
    stdio: ['pipe', 'ignore', 'pipe', descriptor],
    env: launcherEnvironment(),
    detached: true,
  });
  closeSync(descriptor);
  const init = await untilOpen(launcher, name, path);
  // What ended it, if the kernel did for want of memory.
  launcher.stderr?.on('data', (text: string) => {
    for (const line of text.trimEnd().split('\n')) note(line.replace(/^sandbox: /, ''));
  });
  const ended = new Promise<void>((resolve) => {
    if (launcher.exitCode !== null || launcher.signalCode !== null) resolve();
    else launcher.once('exit', () => resolve());
  });
  const joining = { store: facts.store, init, path, isGrouped: group !== undefined };
  return {
    name,
    path,
    init,
    network: spec.network,
    ended,
    join: async (wanted) => await prepareJoin({ ...wanted, network: spec.network, rootfs: spec.rootfs }, joining),
    inNetwork: async (command) => await prepareInNetwork(command, joining),
    end: async () => {
      const running = runningInit(path);
      if (running !== undefined) process.kill(running, 'SIGKILL');
      await ended;
      await removeBox(facts.store, name);
    },
  };
}

/** What a sandbox does until its command is started, and then nothing. */
export function heldOpen(operations: readonly SetupOp[]): SetupOp[] {
  const start = operations.findIndex(({ op }) => op === 'startCommand');
  return [
    { op: 'dieWithParent' },
    ...operations.slice(0, start),
    { op: 'startCommand' },
    { op: 'closeDescriptors' },
    { op: 'dropCapabilities', keep: [] },
    { op: 'hold' },
  ];
}

/** Gives the pid of init once the sandbox is open. */
async function untilOpen(launcher: ChildProcess, name: string, path: string): Promise<number> {
  let said = '';
  let failure: Error | undefined;
  launcher.once('error', (error) => {
    failure = error;
  });
  const listen = (text: string): void => {
    said += text;
  };
  launcher.stderr?.setEncoding('utf8').on('data', listen);
  const closed = new Promise<void>((resolve) => launcher.once('close', () => resolve()));
  for (;;) {
    if (failure !== undefined) throw failure;
    const init = runningInit(path);
    if (init !== undefined) {
      launcher.stderr?.off('data', listen);
      return init;
    }
    if (launcher.exitCode !== null || launcher.signalCode !== null) {
      await closed;
      const why = said.trim().replace(/^sandbox: /, '');
      throw new ProjectError('SERVICE', `the sandbox ${name} of the services cannot be opened: ${why || 'it ended'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, STARTING_MS));
  }
}

/** Removes the sandbox of services that have ended, or were killed; ends it first where it runs. Throws a StoreError. */
export async function removeBox(store: string, name: string): Promise<void> {
  const path = `${shelf(store, 'sandboxes')}/${name}`;
  if (!existsSync(path)) return;
  if (!existsSync(`${path}/${MARK}`)) {
    throw new StoreError('EXISTS', `there is a sandbox ${name}, which is none of this project's services`, {
      hint: `remove it: sandbox rm ${name}`,
    });
  }
  const { removeSandbox } = await import('../../sandbox/lifecycle.ts');
  await removeSandbox(name, { force: true });
}

interface Joining {
  readonly store: string;
  readonly init: number;
  readonly path: string;
  readonly isGrouped: boolean;
}

async function prepareJoin(spec: Spec, { store, init, path, isGrouped }: Joining): Promise<JoiningLauncher> {
  const facts = surveyHost();
  const [{ compileLauncher }, { planJoin }] = await Promise.all([
    import('../../launch/compile.ts'),
    import('../../plan/plan.ts'),
  ]);
  const { limits: _, ...unlimited } = spec;
  const input = joinInput({ ...unlimited, ...(isGrouped ? { limits: GROUPED } : {}) }, facts);
  const elf = compileLauncher(planJoin(input, path), { arch: facts.arch }).elf();
  const { descriptor } = writeLauncherFile(elf, store);
  return {
    start: async ({ out, error }) =>
      await inTurn(async () => {
        // Whoever starts a process in a control group has to stand beside that; there may be several.
        const group = isGrouped ? await (await import('../../cgroup/find-group.ts')).approachGroup(init) : undefined;
        return spawn('/proc/self/fd/3', [String(init), ...(group === undefined ? [] : [group])], {
          argv0: 'sandbox',
          stdio: ['ignore', out, error, descriptor],
          env: launcherEnvironment(),
          detached: true,
        });
      }),
    close: () => closeSync(descriptor),
  };
}

let turn: Promise<unknown> = Promise.resolve();

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return await mine;
}
