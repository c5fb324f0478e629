import { describe, it } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { onTerminal, place } from '../faults/support/place.ts';

// The size is asked for again and again: a shell may lose a signal that comes while it handles one.
// Ctrl-C may reach the shell while a program that takes no notice of it runs.
const SCRIPT = 'trap "echo told" WINCH; trap exit INT; while :; do stty size; sleep 0.05; done';

describe('size of the terminal', onTerminal, () => {
  for (const [name, options] of [
    ['the inherited terminal', []],
    ['a pseudo-terminal of its own (-t)', ['-t']],
  ] as const) {
    it(`is seen inside, and SIGWINCH arrives: ${name}`, async (t) => {
      const { user, cwd, env } = place(t, 'resize');
      const words = [user.sandbox, 'run', ...options, '--', 'bash', '-c', SCRIPT];
      const terminal = await Terminal.open(t, user, words, { cwd, env, rows: 30, columns: 100 });
      await terminal.see(/^30 100\r/m);
      // More than once, since the shell inside may lose one signal.
      for (const columns of [130, 131, 132, 133]) await terminal.resize(41, columns);
      await terminal.see(/told\r\n/);
      await terminal.see(/^41 133\r/m);
      await terminal.resize(20, 60);
      await terminal.see(/^20 60\r/m);
      terminal.type('\x03');
      await terminal.end();
    });
  }
});
