import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { hold } from '../support/held.ts';
import { account, emptied, ordinary, ownStore } from '../support/inside.ts';

test(
  'the image of the host is prepared when it changed, and what no sandbox stands on is removed',
  ordinary,
  async (t) => {
    const cwd = workDirectory(t, account());
    const { env, path } = await ownStore(account(), 'preparation');
    const generations = () => readdirSync(`${path}/host`).filter((name) => /^[0-9a-f]{16}$/.test(name));
    // With another home the host is another one: the home is left out of it.
    const host = (HOME: string) => ({ cwd, env: { ...env, HOME } });
    const run = async (HOME: string) => {
      const { status, stderr } = await sandbox(account(), ['run', '--', 'ls', '/usr/bin/env'], host(HOME));
      assert.equal(status, 0, stderr);
    };
    const standing = await hold(t, account(), host('/srv'), ['run']);
    const before = generations();
    await run('/srv');
    assert.deepEqual(generations(), before, 'nothing changed');
    await run('/opt');
    await run('/usr/local');
    assert.equal(generations().length, 3);
    assert.equal(await standing.tell('ls /usr/bin/env && mkdir /usr/share/doc/new && echo well'), '/usr/bin/env\nwell');
    assert.equal(await standing.end(), 0);
    await emptied(path);
    await run('/srv');
    assert.equal(generations().length, 2);
  },
);
