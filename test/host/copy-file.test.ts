import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { copyRegularFile } from '../../src/host/copy-file.ts';
import { ownDirectory } from './unprivileged.ts';

test('content, permission bits and modification time are kept, special bits are not', (context) => {
  const home = ownDirectory(context);
  const content = Buffer.alloc(700_000, 'abc');
  writeFileSync(`${home}/from`, content);
  chmodSync(`${home}/from`, 0o6751);
  utimesSync(`${home}/from`, 1, 1_000_000_000);
  assert.equal(copyRegularFile(`${home}/from`, `${home}/to`, 1_000_000), content.length);
  assert.deepEqual(readFileSync(`${home}/to`), content);
  const { mode, mtimeMs } = lstatSync(`${home}/to`);
  assert.equal(mode & 0o7777, 0o751);
  assert.equal(mtimeMs, 1_000_000_000_000);
});

test('larger files, links, FIFOs and missing files are not copied, and nothing waits for them', (context) => {
  const home = ownDirectory(context);
  writeFileSync(`${home}/big`, '12345');
  symlinkSync('big', `${home}/link`);
  execFileSync('mkfifo', [`${home}/fifo`]);
  for (const name of ['big', 'link', 'fifo', 'missing']) {
    assert.equal(copyRegularFile(`${home}/${name}`, `${home}/to`, 4), undefined, name);
    assert.equal(existsSync(`${home}/to`), false, name);
  }
});

test('what is there already is not overwritten', (context) => {
  const home = ownDirectory(context);
  writeFileSync(`${home}/from`, 'x');
  writeFileSync(`${home}/to`, 'y');
  assert.throws(() => copyRegularFile(`${home}/from`, `${home}/to`, 9), { code: 'EEXIST' });
});
