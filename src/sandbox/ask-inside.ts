import { closeSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { compileLauncher } from '../launch/compile.ts';
import { writeLauncherFile } from '../launch/run.ts';
import { ownCommand } from '../linux/own-command.ts';
import { rootMapping } from '../plan/identity.ts';

/** What a hidden command answered; `status`: null where a signal ended it, or its answer was too long. */
export interface InsideAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts this program again with a hidden command, as root of a user namespace that maps the user's subordinate ids: their
 * files are no stranger's there. It reads the request as JSON and writes an answer of `mostBytes` at most.
 */
export function askInside(facts: HostFacts, word: string, request: unknown, mostBytes: number): InsideAnswer {
  const command = ownCommand(word);
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
    return spawnSync('/proc/self/fd/3', [], {
      argv0: 'sandbox',
      stdio: ['pipe', 'pipe', 'pipe', descriptor],
      env: {},
      input: JSON.stringify(request),
      encoding: 'utf8',
      maxBuffer: mostBytes,
    });
  } finally {
    closeSync(descriptor);
  }
}
