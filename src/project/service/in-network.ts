import { closeSync } from 'node:fs';
import { surveyHost } from '../../host/survey.ts';
import type { SetupOp } from '../../launch/operations.ts';
import { launcherEnvironment, writeLauncherFile } from '../../launch/run.ts';
import type { JoiningLauncher } from './box.ts';

/**
 * What a program of the host does to be in the network of a sandbox, and in nothing else of it: it sees the host's files, and no
 * process inside can see, signal or trace it, since it has no pid there. It has no capabilities, not even in the sandbox, and
 * ends with who started it. `directory`: the sandbox's in the store.
 */
export function planInNetwork(directory: string, command: readonly string[]): SetupOp[] {
  return [
    { op: 'dieWithParent' },
    { op: 'joinNamespaces', directory, namespaces: ['user', 'network'] },
    { op: 'startCommand' },
    { op: 'newSession' },
    { op: 'closeDescriptors' },
    { op: 'noNewPrivileges' },
    { op: 'dropCapabilities', keep: [] },
    { op: 'resetSignals' },
    { op: 'execute', command, candidates: command.slice(0, 1), environment: [] },
  ];
}

/** Prepares such a program. Throws a LaunchError. */
export async function prepareInNetwork(
  command: readonly string[],
  { init, path }: { readonly init: number; readonly path: string },
): Promise<JoiningLauncher> {
  const facts = surveyHost();
  const [{ compileLauncher }, { spawn }] = await Promise.all([
    import('../../launch/compile.ts'),
    import('node:child_process'),
  ]);
  const elf = compileLauncher(planInNetwork(path, command), { arch: facts.arch }).elf();
  const { descriptor } = writeLauncherFile(elf, facts.store);
  return {
    start: async ({ out, error }) =>
      spawn('/proc/self/fd/3', [String(init)], {
        argv0: 'sandbox',
        stdio: ['pipe', out, error, descriptor],
        env: launcherEnvironment(),
        detached: true,
      }),
    close: () => closeSync(descriptor),
  };
}
