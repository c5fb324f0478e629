import { closeSync, writeFileSync } from 'node:fs';
import { surveyHost } from '../host/survey.ts';
import { launcherEnvironment, writeLauncherFile } from '../launch/run.ts';
import type { Spec } from '../plan/spec.ts';
import { StoreError } from '../store/error.ts';
import { ensureStore, shelf } from '../store/layout.ts';
import { makeNamed, readSpec } from '../store/sandbox-directory.ts';
import { compileSandbox, explainer } from './compile.ts';
import { SandboxError } from './error.ts';
import { type BeginProgress, planInput } from './input.ts';
import { limited } from './limited.ts';

/** What ends a job at a terminal reaches the whole group, the launcher too, which passes it on: a shell ignores it as well. */
const OF_TERMINALS = ['SIGINT', 'SIGQUIT'] as const;
/** What somebody sends to this process is meant for the command. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Opens a new kept sandbox and stays until its command has ended. Gives its exit status: the command's own, 128+N where a signal
 * ended it, 125 where the sandbox could not be made, which the launcher has told then. `mark`: the name of an empty file in its
 * directory that says what it is. Throws a HostError, StoreError, SandboxError or LaunchError.
 */
export async function superviseSandbox(
  spec: Spec & { readonly lifetime: { readonly kind: 'named' } },
  beginProgress: BeginProgress,
  { mark, note }: { readonly mark: string; readonly note: (line: string) => void },
): Promise<number> {
  const facts = surveyHost();
  const { name } = spec.lifetime;
  ensureStore(facts.store);
  const directory = `${shelf(facts.store, 'sandboxes')}/${name}`;
  if (readSpec(directory) !== undefined) {
    throw new StoreError('EXISTS', `there is a sandbox ${name} already`, {
      hint: `choose another name, or remove it: sandbox rm ${name}`,
    });
  }
  const { spec: possible, group } = await limited(spec, note);
  const input = await planInput(possible, facts, beginProgress);
  if (input.driver.kind === 'copy') {
    throw new SandboxError(
      'NO_REVIEW',
      'the storage driver copy keeps no list of changes, so there would be nothing to review',
      {
        hint: 'install fuse-overlayfs, or use another driver: sandbox doctor says what this machine can do',
      },
    );
  }
  const elf = await compileSandbox(input, explainer());
  makeNamed(facts.store, name);
  writeFileSync(`${directory}/${mark}`, '', { mode: 0o600 });
  return await runToEnd(elf, facts.store, group === undefined ? [] : [group]);
}

async function runToEnd(elf: Uint8Array, store: string, words: readonly string[]): Promise<number> {
  const { descriptor } = writeLauncherFile(elf, store);
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { constants } = process.getBuiltinModule('node:os');
  const ignore = (): void => {};
  const child = spawn('/proc/self/fd/3', [...words], {
    argv0: 'sandbox',
    stdio: ['inherit', 'inherit', 'inherit', descriptor],
    env: launcherEnvironment(),
  });
  closeSync(descriptor);
  const passOn = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  for (const signal of OF_TERMINALS) process.on(signal, ignore);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    for (const signal of OF_TERMINALS) process.off(signal, ignore);
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}
