import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import {
  assertNothingLeft,
  gone,
  sleepers,
  snapshot,
  supervisors,
  uniqueDuration,
} from '../faults/support/leftovers.ts';
import { at, onTerminal, place } from '../faults/support/place.ts';

describe('a pseudo-terminal of its own (-t)', onTerminal, () => {
  it("is the command's terminal under its own name, and leaves the user's as it was", async (t) => {
    const { user, cwd, env } = place(t, 'own-terminal');
    const script =
      '"$0" run -t -- sh -c "tty; ls -l /proc/self/fd/0; read line; echo got \\$line; exit 4"; echo "status $?"; read end';
    const terminal = await Terminal.open(t, user, ['sh', '-c', script, user.sandbox], { cwd, env });
    const before = await terminal.modes();
    await terminal.see(/\/dev\/pts\/0\r\n.* -> \/dev\/pts\/0\r/);
    assert.notDeepEqual(await terminal.modes(), before);
    terminal.type('wor\x7fds\r');
    // The terminal inside edits the line, since the one outside only passes bytes on.
    await terminal.see(/^got wods\r/m);
    await terminal.see(/^status 4\r/m);
    assert.deepEqual(await terminal.modes(), before);
    terminal.type('\r');
    assert.equal(await terminal.end(), 0);
  });

  it("restores the user's terminal when the monitor is told to end", async (t) => {
    const { user, cwd, env, store } = place(t, 'own-terminal');
    const nothing = snapshot(store);
    const duration = uniqueDuration();
    const script = '"$0" run -t -- sh -c "echo now; exec sleep $1"; echo "status $?"; read end';
    const terminal = await Terminal.open(t, user, ['sh', '-c', script, user.sandbox, duration], { cwd, env });
    const before = await terminal.modes();
    await terminal.see(/now\r\n/);
    assert.notDeepEqual(await terminal.modes(), before);
    const [monitor = 0] = supervisors(store);
    process.kill(monitor, 'SIGTERM');
    await terminal.see(/^status 143\r/m);
    assert.deepEqual(await terminal.modes(), before);
    await gone('the command', () => sleepers(duration));
    terminal.type('\r');
    await terminal.end();
    await assertNothingLeft(nothing);
  });

  it('has job control inside, with the keys of the terminal', async (t) => {
    const { user, cwd, env } = place(t, 'own-terminal');
    const words = [user.sandbox, 'run', '-t', '-e', 'PS1=inner> ', '--', 'bash', '--norc', '-i'];
    const terminal = await Terminal.open(t, user, words, { cwd, env });
    await terminal.see(/inner> /);
    terminal.type(`sh -c 'echo now; read line; echo "got $line"; exec sleep 1000'\r`);
    await terminal.see(/now\r\n/);
    terminal.type('\x1a');
    await terminal.see(/Stopped[\s\S]*inner> /);
    terminal.type('fg\r');
    await terminal.see(/sleep 1000/);
    terminal.type('words\r');
    await terminal.see(/^got words\r/m);
    terminal.type('\x03');
    await terminal.see(/inner> /);
    terminal.type('echo "status $?"; exit 3\r');
    await terminal.see(/^status 130\r/m);
    assert.equal(await terminal.end(), 3);
  });

  it('works without a terminal outside: all output arrives, input ends with end-of-file', async (t) => {
    const where = place(t, 'own-terminal');
    const lines = await at(where, ['run', '-t', '--', 'seq', '20000']);
    assert.equal(lines.status, 0, lines.stderr);
    assert.equal(lines.stdout, Array.from({ length: 20000 }, (_, index) => `${index + 1}\r\n`).join(''));
    const input = await at(where, ['run', '-t', '--', 'sh', '-c', 'stty -echo; echo ready; wc -l'], {
      input: 'a\nb\nc\n',
    });
    assert.match(input.stdout, /\r\n3\r\n$/);
  });
});
