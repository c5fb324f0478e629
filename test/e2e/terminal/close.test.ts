import { describe, it } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { assertNothingLeft, gone, sleepers, snapshot, uniqueDuration } from '../faults/support/leftovers.ts';
import { onTerminal, place } from '../faults/support/place.ts';

/** What is started, and whether it ignores being hung up on. */
const CASES: ReadonlyArray<readonly [name: string, options: readonly string[], script: string]> = [
  ['a command on the inherited terminal', [], 'echo now; sleep DURATION'],
  ['a command on a terminal of its own', ['-t'], 'echo now; sleep DURATION'],
  ['a shell with jobs', [], 'set -m; sleep DURATION & sleep DURATION & echo now; wait'],
];

describe('a terminal that is closed', onTerminal, () => {
  for (const [name, options, script] of CASES) {
    it(`takes the sandbox with it: ${name}`, async (t) => {
      const { user, cwd, env, store } = place(t, 'close');
      const before = snapshot(store);
      const duration = uniqueDuration();
      const command = script.replaceAll('DURATION', duration);
      const words = [user.sandbox, 'run', ...options, '--', 'bash', '-c', command];
      const terminal = await Terminal.open(t, user, words, { cwd, env });
      await terminal.see(/now\r\n/);
      await terminal.close();
      await terminal.end();
      await gone('the command', () => sleepers(duration));
      await assertNothingLeft(before);
    });
  }
});
