import assert from 'node:assert/strict';
import { lstatSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeDirectory } from '../../src/linux/make-directory.ts';
import { ownDirectory } from '../host/unprivileged.ts';

test('makes what is missing, private, and takes what is there', (context) => {
  const home = ownDirectory(context);
  makeDirectory(`${home}/a/b/c`);
  makeDirectory(`${home}/a/b/c`);
  for (const path of ['a', 'a/b', 'a/b/c']) assert.equal(lstatSync(`${home}/${path}`).mode & 0o777, 0o700);
});

test('fails, and ends, where nothing can be made', (context) => {
  const home = ownDirectory(context);
  writeFileSync(`${home}/file`, '');
  symlinkSync('/nothing/here', `${home}/dangling`);
  assert.throws(() => makeDirectory('/proc/nothing'), { code: 'ENOENT' });
  assert.throws(() => makeDirectory(`${home}/file`), { code: 'EEXIST' });
  assert.throws(() => makeDirectory(`${home}/file/below`), { code: 'ENOTDIR' });
  assert.throws(() => makeDirectory(`${home}/dangling/below`));
});
