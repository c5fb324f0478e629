import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { asideName, makeAside, removeAbandoned } from '../../src/host/aside.ts';
import { ownDirectory } from './unprivileged.ts';

test('what a living process builds stays, what a dead one left goes', (context) => {
  const parent = ownDirectory(context);
  const own = makeAside(parent);
  const ended = spawnSync('true');
  const name = asideName().replace(`-${process.pid}-`, `-${ended.pid}-`);
  mkdirSync(`${parent}/${name}/deep/er`, { recursive: true });
  mkdirSync(`${parent}/unrelated`);
  assert.equal(removeAbandoned(parent), 1);
  assert.deepEqual(readdirSync(parent).sort(), [own.slice(parent.length + 1), 'unrelated'].sort());
});

test('a process that got the pid of the dead builder does not protect what it left', (context) => {
  const parent = ownDirectory(context);
  const [, namespace] = asideName().split('-');
  mkdirSync(`${parent}/.tmp-${namespace}-${process.pid}-1-1`);
  assert.equal(removeAbandoned(parent), 1);
});

test('of another pid namespace, and of no known form, is what is older than an hour', (context) => {
  const parent = ownDirectory(context);
  mkdirSync(`${parent}/.tmp-1-${process.pid}-5-1`);
  mkdirSync(`${parent}/.tmp-strange`);
  assert.equal(removeAbandoned(parent), 0);
  assert.equal(removeAbandoned(parent, Date.now() + 3_500_000), 0);
  assert.equal(removeAbandoned(parent, Date.now() + 3_700_000), 2);
});

test('a missing parent has nothing to remove', () => {
  assert.equal(removeAbandoned('/nothing/here'), 0);
});
