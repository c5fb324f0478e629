/** What runs in a project that is trusted may write where its secrets lie, and wants others of its owner. */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ordinary } from '../e2e/support/inside.ts';
import { project } from '../e2e/support/project.ts';
import { runAs, workDirectory } from '../support/user.ts';

const OTHER = 'ANOTHER-SECRET-OF-THE-USER';
const SHOW = 'cat /run/secrets/key';

test('what can write to a directory of secrets cannot make another file its secret', ordinary, async (t) => {
  const shop = project(t, '');
  const { user } = shop;
  const home = workDirectory(t, user);
  for (const name of ['open', 'open/deep', 'private']) {
    mkdirSync(`${home}/${name}`);
    chownSync(`${home}/${name}`, user.uid, user.gid);
  }
  const put = (name: string, content: string): void => {
    writeFileSync(`${home}/${name}`, content, { mode: 0o600 });
    chownSync(`${home}/${name}`, user.uid, user.gid);
  };
  put('private/key', OTHER);
  put('private/closed', 'closed');
  symlinkSync('open', `${home}/link`);
  const attempts: ReadonlyArray<readonly [file: string, script: string]> = [
    ['open/key', 'ln -sfn ../private/key /o/key'],
    ['open/key', `ln -sfn ${home}/private/key /o/key`],
    ['open/deep/key', `rm -r /o/deep && ln -s ../private /o/deep`],
    ['open/key', 'ln -sfn step /o/key; ln -sfn ../private/key /o/step'],
    // By way of a link that nobody inside can change.
    ['link/key', 'ln -sfn ../private/key /o/key'],
    ['open/key', 'ln -sfn /proc/self/environ /o/key'],
  ];
  for (const [file, script] of attempts) {
    shop.writeToml(`volumes = ["${home}/open:/o"]\nsecrets = ["key=${home}/${file}"]\nshims = ["cat"]\n`);
    const reset = `rm -rf ${home}/open/* && mkdir ${home}/open/deep && echo agreed > ${home}/${file}`;
    assert.equal((await runAs(user, ['sh', '-c', reset])).status, 0);
    assert.equal((await shop.run(['trust'])).status, 0);
    assert.equal((await shop.run(['shell', '-c', SHOW])).stdout, 'agreed\n');
    assert.equal((await shop.run(['shell', '-c', script])).status, 0, script);
    assert.ok(readFileSync(`${home}/${file}`).length > 0, 'the control: outside the link leads there');
    for (const words of [
      ['shell', '-c', SHOW],
      ['run', '--', 'sh', '-c', SHOW],
    ]) {
      const { status, stdout, stderr } = await shop.run(words);
      assert.deepEqual([status, stdout], [125, ''], `${script}: ${stderr}`);
      assert.match(stderr, /is a link that leads out of .*\/open, to /);
      assert.ok(!stderr.includes(OTHER));
    }
  }
  // What its owner has put elsewhere is left alone, links or not.
  symlinkSync('closed', `${home}/private/link`);
  shop.writeToml(`volumes = ["${home}/open:/o"]\nsecrets = ["key=${home}/private/link"]\n`);
  assert.equal((await shop.run(['trust'])).status, 0);
  assert.equal((await shop.run(['shell', '-c', SHOW])).stdout, 'closed');
});

test('nor a pipe, on which the next start would wait for ever', ordinary, async (t) => {
  const shop = project(t, '');
  const { user } = shop;
  const home = workDirectory(t, user);
  mkdirSync(`${home}/open`);
  writeFileSync(`${home}/open/key`, 'agreed');
  for (const path of ['open', 'open/key']) chownSync(`${home}/${path}`, user.uid, user.gid);
  shop.writeToml(`volumes = ["${home}/open:/o"]\nsecrets = ["key=${home}/open/key"]\n`);
  assert.equal((await shop.run(['trust'])).status, 0);
  assert.equal((await shop.run(['shell', '-c', 'rm /o/key; mkfifo /o/key'])).status, 0);
  const { status, stderr } = await shop.run(['shell', '-c', SHOW]);
  assert.equal(status, 125, stderr);
  assert.match(stderr, /open\/key" is not a regular file/);
});
