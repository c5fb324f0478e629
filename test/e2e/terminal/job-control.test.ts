import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { assertNothingLeft, gone, sleepers, snapshot, uniqueDuration } from '../faults/support/leftovers.ts';
import { onTerminal, place } from '../faults/support/place.ts';

const CTRL_C = '\x03';
const CTRL_Z = '\x1a';

/** A person's shell, with its prompt on screen. */
async function shell(t: TestContext) {
  const where = place(t, 'job-control');
  const before = snapshot(where.store);
  const options = { cwd: where.cwd, env: { ...where.env, PS1: 'outer> ' } };
  const terminal = await Terminal.open(t, where.user, ['bash', '--norc', '--noprofile', '-i'], options);
  await terminal.see(/outer> /);
  return { ...where, before, terminal, inner: `${where.user.sandbox} run -e 'PS1=inner> ' -- bash --norc -i` };
}

describe('job control', onTerminal, () => {
  it('stops, continues and interrupts a command in a shell inside, and leaves the terminal to the shell outside', async (t) => {
    const { terminal, inner, before } = await shell(t);
    const duration = uniqueDuration();
    terminal.type(`${inner}\r`);
    await terminal.see(/inner> /);
    terminal.type(`sh -c 'echo now; read line; echo "got $line"; exec sleep ${duration}'\r`);
    await terminal.see(/now\r\n/);
    terminal.type(CTRL_Z);
    await terminal.see(/Stopped.*sleep/);
    await terminal.see(/inner> /);
    terminal.type('jobs; sh -c "echo again"; fg\r');
    await terminal.see(/Stopped[\s\S]*again\r\n.*sleep/);
    terminal.type('words\r');
    await terminal.see(/^got words\r/m);
    terminal.type(CTRL_C);
    await terminal.see(/inner> /);
    terminal.type('echo "status $?"; exit 7\r');
    await terminal.see(/^status 130\r[\s\S]*outer> /m);
    terminal.type('echo "status $?"; sleep 0; cat\r');
    await terminal.see(/^status 7\r/m);
    terminal.type('typed\r');
    await terminal.see(/typed\r\ntyped\r/);
    terminal.type(CTRL_C);
    await terminal.see(/outer> /);
    await gone('the command', () => sleepers(duration));
    await assertNothingLeft(before);
  });

  it('stops a whole sandbox as one job of the shell outside, and continues it', async (t) => {
    const { terminal, user, before } = await shell(t);
    terminal.type(`${user.sandbox} run -- sh -c 'echo now; read line; echo "got $line"'\r`);
    await terminal.see(/now\r\n/);
    terminal.type(CTRL_Z);
    await terminal.see(/Stopped/);
    await terminal.see(/outer> /);
    terminal.type('jobs\r');
    await terminal.see(/Stopped.*sandbox\S* run/);
    terminal.type('fg\r');
    await terminal.see(/sandbox\S* run -- .*\r\n/);
    terminal.type('words\r');
    await terminal.see(/^got words\r[\s\S]*outer> /m);
    terminal.type('jobs; echo "status $?"\r');
    await terminal.see(/^status 0\r/m);
    await assertNothingLeft(before);
  });

  it('leaves the terminal to another job when it ends in the background', async (t) => {
    const { terminal, user, before, cwd } = await shell(t);
    terminal.type(`${user.sandbox} run -- sh -c 'echo now; while [ ! -e go ]; do sleep 0.05; done; touch gone'\r`);
    await terminal.see(/now\r\n/);
    terminal.type(CTRL_Z);
    await terminal.see(/Stopped/);
    terminal.type('bg; cat\r');
    await terminal.see(/bg; cat\r\n[\s\S]*&\r\n/);
    writeFileSync(`${cwd}/go`, '');
    await gone('the sandbox', () => (existsSync(`${cwd}/gone`) ? [] : ['the command']));
    await assertNothingLeft(before);
    // Had the monitor taken the terminal, cat would be stopped when it reads for the second time.
    for (const word of ['once', 'twice']) {
      terminal.type(`${word}\r`);
      await terminal.see(new RegExp(`${word}\\r\\n${word}\\r`));
    }
    terminal.type(CTRL_C);
    await terminal.see(/outer> /);
  });

  it('interrupts the command with Ctrl-C, which gives 130', async (t) => {
    const { terminal, user, before } = await shell(t);
    const duration = uniqueDuration();
    for (const options of ['', '-t ']) {
      terminal.type(`${user.sandbox} run ${options}-- sh -c 'echo now; exec sleep ${duration}'\r`);
      await terminal.see(/now\r\n/);
      terminal.type(CTRL_C);
      await terminal.see(/outer> /);
      terminal.type('echo "status $?"\r');
      await terminal.see(/^status 130\r/m);
    }
    await gone('the command', () => sleepers(duration));
    await assertNothingLeft(before);
  });

  it('gives the terminal back to a script, which has no job control', async (t) => {
    const { user, cwd, env } = place(t, 'job-control');
    const script = '"$0" run -e "PS1=inner> " -- bash --norc -i; echo "status $?"; read line; echo "got $line"';
    const terminal = await Terminal.open(t, user, ['sh', '-c', script, user.sandbox], { cwd, env });
    await terminal.see(/inner> /);
    terminal.type('exit 5\r');
    await terminal.see(/^status 5\r/m);
    terminal.type('words\r');
    await terminal.see(/^got words\r/m);
    assert.equal(await terminal.end(), 0);
  });

  it('lets a background sandbox be stopped for reading the terminal, not the shell', async (t) => {
    const { terminal, user } = await shell(t);
    terminal.type(`${user.sandbox} run -- sh -c 'read line; echo "got $line"' &\r`);
    await terminal.see(/outer> /);
    for (let tries = 0; tries < 100 && !/Stopped/.test(terminal.shown); tries++) {
      terminal.type('sleep 0.1\r');
      await terminal.see(/outer> /);
    }
    assert.match(terminal.shown, /Stopped/);
    terminal.type('fg\r');
    await terminal.see(/sandbox\S* run -- .*\r\n/);
    terminal.type('words\r');
    await terminal.see(/^got words\r/m);
  });
});
