import { closeSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { compileLauncher } from '../launch/compile.ts';
import { writeLauncherFile } from '../launch/run.ts';
import { ownCommand } from '../linux/own-command.ts';
import { rootMapping } from '../plan/identity.ts';
import { type DiskUse, measureTrees } from '../store/disk-use.ts';

export interface Measurement {
  /** In the order of the paths. */
  readonly uses: readonly DiskUse[];
  /** Nothing was hidden from who measured. */
  readonly isWhole: boolean;
}

/**
 * Gives what trees take on the disk. Directories of subordinate ids, of mode 0700 say, are not for the user to enter: this
 * program starts itself in a user namespace that maps them. Where none can be made, what can be seen is counted.
 */
export function measureInside(facts: HostFacts, paths: readonly string[]): Measurement {
  if (paths.length === 0) return { uses: [], isWhole: true };
  const uses = measuredByHelper(facts, paths);
  return { uses: uses ?? measureTrees(paths), isWhole: uses !== undefined };
}

function measuredByHelper(facts: HostFacts, paths: readonly string[]): DiskUse[] | undefined {
  const command = ownCommand('__measure');
  const launcher = compileLauncher(
    [
      { op: 'createNamespaces', namespaces: ['user'], ids: rootMapping(facts) },
      { op: 'dieWithMonitor' },
      { op: 'startCommand' },
      { op: 'resetSignals' },
      { op: 'execute', command, candidates: command.slice(0, 1), environment: [] },
    ],
    { arch: facts.arch },
  );
  const { descriptor } = writeLauncherFile(launcher.elf(), facts.store);
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  try {
    const { status, stdout } = spawnSync('/proc/self/fd/3', [], {
      argv0: 'sandbox',
      stdio: ['pipe', 'pipe', 'ignore', descriptor],
      env: {},
      input: JSON.stringify(paths),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return status === 0 ? (JSON.parse(stdout) as DiskUse[]) : undefined;
  } finally {
    closeSync(descriptor);
  }
}
