import assert from 'node:assert/strict';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runAs } from '../../support/user.ts';
import { at, ordinary } from '../faults/support/place.ts';
import { project } from '../support/project.ts';

const SHOW = 'cat /run/secrets/key';

test("a secret's file is the project's, wherever in it or outside of it somebody stands", ordinary, async (t) => {
  const shop = project(
    t,
    'secrets = ["key=./keys/key.txt"]\nshims = ["sh"]\n[command.show]\nrun = "cat /run/secrets/key"\n',
  );
  shop.write('keys/key.txt', 'of the project');
  shop.write('sub/keys/key.txt', 'of the directory');
  assert.equal((await shop.run(['trust'])).status, 0);
  for (const directory of ['', 'sub']) {
    for (const words of [
      ['shell', '-c', SHOW],
      ['do', 'show'],
      ['run', '--', 'sh', '-c', SHOW],
    ]) {
      const { stdout, stderr } = await shop.run(words, { in: directory });
      assert.equal(stdout, 'of the project', `${words.join(' ')} in ${directory}: ${stderr}`);
    }
  }
  assert.equal((await shop.run(['shim', '-q'])).status, 0);
  for (const cwd of [shop.cwd, `${shop.cwd}/sub`, '/']) {
    const { stdout, stderr } = await runAs(shop.user, [`${shop.cwd}/.sandbox/bin/sh`, '-c', SHOW], {
      cwd,
      env: shop.env,
    });
    assert.equal(stdout, 'of the project', `the shim in ${cwd}: ${stderr}`);
  }
  writeFileSync(`${shop.user.home}/outside-key`, 'of the home');
  chownSync(`${shop.user.home}/outside-key`, shop.user.uid, shop.user.gid);
  t.after(() => rmSync(`${shop.user.home}/outside-key`));
  shop.write('sandbox.toml', 'image = "host"\nsecrets = ["key=~/outside-key"]\n');
  assert.equal((await shop.run(['trust'])).status, 0);
  assert.equal((await shop.run(['shell', '-c', SHOW])).stdout, 'of the home');
});

test('what runs in the project cannot make another file of its owner the secret', ordinary, async (t) => {
  const shop = project(t, 'secrets = ["key=key.txt"]\n');
  shop.write('key.txt', 'of the project');
  assert.equal((await shop.run(['trust'])).status, 0);
  assert.equal((await shop.run(['shell', '-c', SHOW])).stdout, 'of the project');
  const link = 'rm key.txt && ln -s /etc/hostname key.txt';
  assert.equal((await shop.run(['shell', '-c', link])).status, 0);
  const { status, stdout, stderr } = await at(shop, ['shell', '-c', SHOW]);
  assert.equal(status, 125, stdout);
  assert.equal(stdout, '');
  assert.match(stderr, /key\.txt" is a link that leads out of .*, to \/etc\/hostname/);
});
