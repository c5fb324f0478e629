/** The user's terminal and a command that is not trusted: it has none of it, and the keys work as everybody knows them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { needs } from '../packages.ts';
import { Terminal } from '../support/terminal.ts';
import { workDirectory } from '../support/user.ts';
import { attacker, canAttack } from './attack.ts';

const onTerminal = { skip: canAttack.skip || needs('python3') };
const DEV = '--profile dev';
const STRICT = '--profile strict';

/** A shell on a terminal that runs `script` with the words of a sandbox as `$run`, and then says goodbye. */
async function shell(t: Parameters<typeof Terminal.open>[0], script: string): Promise<Terminal> {
  const user = attacker();
  const cwd = workDirectory(t, user);
  const text = `run="$0 run --workspace none"; ${script}; echo "bye $?"; read end`;
  return await Terminal.open(t, user, ['bash', '-o', 'pipefail', '-c', text, user.sandbox], { cwd });
}

/** Says that it is there and waits. No shell: dash loses a Ctrl-C that comes just before it executes something. */
const WAITS = `perl -e '$| = 1; print "now\\n"; sleep 1000'`;

describe('a strict command on a terminal', onTerminal, () => {
  test('has a pseudo-terminal and a session of its own, also as /dev/tty and /dev/console', async (t) => {
    const script = `tty; cat /proc/self/stat | cut -d" " -f6; [ /dev/console -ef /dev/pts/0 ] && echo same; echo through > /dev/tty; sh -c "exit 7"`;
    const terminal = await shell(t, `$run ${STRICT} -- sh -c '${script}'`);
    const before = await terminal.modes();
    await terminal.see(/\/dev\/pts\/0\r\n[2-9]\d*\r\nsame\r\nthrough\r\n/);
    await terminal.see(/bye 7\r/);
    assert.deepEqual(await terminal.modes(), before);
    terminal.type('\r');
    assert.equal(await terminal.end(), 0);
  });

  test('is in the session of the user in dev, which the above would see', async (t) => {
    const terminal = await shell(t, `$run ${DEV} -- sh -c 'tty; cat /proc/self/stat | cut -d" " -f6'`);
    await terminal.see(/(\/dev\/console|not a tty)\r\n0\r\n/);
  });

  test('ends at Ctrl-C, with the status that says so', async (t) => {
    const terminal = await shell(t, `$run ${STRICT} -- ${WAITS}`);
    await terminal.see(/now\r\n/);
    terminal.type('\x03');
    await terminal.see(/bye 130\r/);
  });

  test('stops at Ctrl-Z inside, where a shell has jobs, and sees the size change', async (t) => {
    const terminal = await shell(t, `$run ${STRICT} -e 'PS1=inner> ' -- bash --norc -i`);
    await terminal.see(/inner> /);
    terminal.type("sh -c 'echo n''ow; exec sleep 1000'\r");
    await terminal.see(/now\r\n/);
    terminal.type('\x1a');
    await terminal.see(/Stopped[\s\S]*inner> /);
    await terminal.resize(33, 99);
    terminal.type('kill %1; wait; stty size\r');
    await terminal.see(/33 99\r\n/);
    terminal.type('exit 5\r');
    await terminal.see(/bye 5\r/);
  });

  test('types into nobody else’s shell, with no filter that would forbid it (CVE-2017-5226)', async (t) => {
    const type = `perl -e 'ioctl(STDIN, 0x5412, $_) for split //, "EVIL\\n"; print $! ? "no: $!\\n" : "typed\\n"'`;
    const after = 'read -t 2 line; echo "line=[$line]"';
    const open = await shell(t, `${type}; ${after}`);
    const [, control] = await open.see(/line=\[(.*)\]\r/);
    // A kernel without it (dev.tty.legacy_tiocsti=0) leaves nothing to be shown.
    const legacy = /^1/.test(readTiocsti());
    if (legacy) assert.equal(control, 'EVIL', 'the control types');
    const terminal = await shell(t, `$run ${STRICT} --security-opt seccomp=unconfined -- ${type}; ${after}`);
    const [, line] = await terminal.see(/line=\[(.*)\]\r/);
    assert.equal(line, '');
  });
});

function readTiocsti(): string {
  try {
    return readFileSync('/proc/sys/dev/tty/legacy_tiocsti', 'utf8');
  } catch {
    return '1'; // before Linux 6.2 there was no choice
  }
}

describe('a strict command between pipes on a terminal', onTerminal, () => {
  test('has no terminal at all', async (t) => {
    const probe = `sh -c 'if echo typed > /dev/tty; then echo has; else echo none; fi' 2>&1 | cat`;
    const dev = await shell(t, `true | $run ${DEV} -- ${probe}`);
    await dev.see(/^has\r/m);
    const strict = await shell(t, `true | $run ${STRICT} -- ${probe}`);
    await strict.see(/^none\r/m);
    assert.doesNotMatch(strict.shown, /typed/);
  });

  test('ends at Ctrl-C nevertheless', async (t) => {
    const terminal = await shell(t, `trap : INT; cat | $run ${STRICT} -- ${WAITS} | cat`);
    await terminal.see(/now\r\n/);
    terminal.type('\x03');
    await terminal.see(/bye 130\r/);
  });

  test('cannot make the user’s terminal its own, nor take the foreground of it', async (t) => {
    // Standard input is the terminal itself here, so it can be read; that is what the user asked for.
    const probe = `perl -e '$SIG{TTOU} = "IGNORE"; setpgrp 0, 0;
      for my $r ([ctty => 0x540e, 0], [foreground => 0x5410, pack "L", $$]) { my ($n, $q, $a) = @$r; print "$n: ", (ioctl(STDIN, $q, $a) ? "ok" : "refused"), "\\n" }'`;
    const dev = await shell(t, `$run ${DEV} -- ${probe} | cat`);
    await dev.see(/foreground: ok\r/);
    const strict = await shell(t, `$run ${STRICT} -- ${probe} | cat`);
    await strict.see(/ctty: refused\r\nforeground: refused\r/);
  });
});
