import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { at, onTerminal, type Place, place } from '../faults/support/place.ts';

const CTRL_C = '\x03';

async function trial(t: TestContext, where: Place, script: string, words: readonly string[] = []) {
  const name = `prompt-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
  t.after(async () => {
    await at(where, ['rm', '-f', name], { cwd: '/' });
  });
  const argv = [where.user.sandbox, 'try', '--name', name, ...words, '--', 'sh', '-c', script];
  const terminal = await Terminal.open(t, where.user, argv, { cwd: where.cwd, env: { ...where.env, NO_COLOR: '1' } });
  return { name, terminal, isKept: () => existsSync(`${where.store}/sandboxes/${name}`) };
}

describe('the question of `try`', onTerminal, () => {
  it('shows the text, applies, and gives the exit status of the command', async (t) => {
    const where = place(t, 'review');
    const { terminal, isKept } = await trial(t, where, 'echo made > file; exit 5');
    await terminal.see(/A {2}5 B {2}file/);
    await terminal.see(/\[keep\] $/);
    terminal.type('d\r');
    await terminal.see(/write one of the four words[\s\S]*\[keep\] $/);
    terminal.type('diff\r');
    await terminal.see(/\+made[\s\S]*\[keep\] $/);
    assert.equal(existsSync(`${where.cwd}/file`), false);
    terminal.type('apply\r');
    await terminal.see(/applied: 1 added/);
    assert.equal(await terminal.end(), 5);
    assert.equal(readFileSync(`${where.cwd}/file`, 'utf8'), 'made\n');
    assert.equal(isKept(), false);
  });

  it('discards, and keeps by default', async (t) => {
    const where = place(t, 'review');
    const first = await trial(t, where, 'echo made > file');
    await first.terminal.see(/\[keep\] $/);
    first.terminal.type('dis\r');
    assert.equal(await first.terminal.end(), 0);
    assert.equal(first.isKept(), false);
    const second = await trial(t, where, 'echo made > file');
    await second.terminal.see(/\[keep\] $/);
    second.terminal.type('\r');
    await second.terminal.see(new RegExp(`kept as ${second.name}`));
    assert.equal(await second.terminal.end(), 0);
    assert.equal(second.isKept(), true);
    assert.equal(existsSync(`${where.cwd}/file`), false);
  });

  for (const [how, words] of [
    ['on a terminal of its own', []],
    ['on the inherited terminal', ['--profile', 'dev']],
  ] as const) {
    it(`Ctrl-C ends the command ${how}, and its changes are reviewed`, async (t) => {
      const where = place(t, 'review');
      const { terminal, name } = await trial(t, where, 'echo made > file; echo now; exec sleep 1000', words);
      await terminal.see(/now\r\n/);
      terminal.type(CTRL_C);
      await terminal.see(/A {2}5 B {2}file[\s\S]*\[keep\] $/);
      terminal.type('keep\r');
      await terminal.see(new RegExp(`kept as ${name}`));
      assert.equal(await terminal.end(), 130);
    });
  }
});
