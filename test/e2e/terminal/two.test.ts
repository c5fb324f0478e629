import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { gone, supervisors } from '../faults/support/leftovers.ts';
import { at, onTerminal, place } from '../faults/support/place.ts';

describe('two terminals at once', onTerminal, () => {
  it('work in one sandbox: the second joins, each with its own terminal, and the last to leave ends the sandbox', async (t) => {
    const where = place(t, 'two');
    const { user, cwd, env, store } = where;
    await at(where, ['rm', '--force', 'both']);
    const options = { cwd, env };
    const open = async (name: string) => {
      const terminal = await Terminal.open(
        t,
        user,
        [user.sandbox, 'shell', '-e', `PS1=${name}> `, '--name', 'both', '--', 'bash', '--norc'],
        options,
      );
      await terminal.see(new RegExp(`${name}> `));
      return terminal;
    };
    const first = await open('first');
    const second = await open('second');
    first.type('echo shared > /tmp/word; sleep 0 & echo ready\r');
    await first.see(/^ready\r[\s\S]*first> /m);
    second.type('cat /tmp/word\r');
    await second.see(/^shared\r/m);
    second.type('sh -c "exit 4"; exit\r');
    assert.equal(await second.end(), 4, second.shown);
    first.type('echo still here\r');
    await first.see(/^still here\r/m);
    const third = await open('third');
    first.type('exit 6\r');
    assert.equal(await first.end(), 6, first.shown);
    third.type('cat /tmp/word; exit 5\r');
    await third.see(/^shared\r/m);
    assert.equal(await third.end(), 5, third.shown);
    await gone('the sandbox', () => supervisors(store));
    const last = await open('last');
    last.type('exit\r');
    assert.equal(await last.end(), 0);
    assert.equal((await at(where, ['rm', 'both'])).status, 0);
  });
});
