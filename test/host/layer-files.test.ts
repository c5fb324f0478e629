import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { readAccountTable } from '../../src/host/account-table.ts';
import { readLayerFile } from '../../src/host/layer-files.ts';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { ownDirectory } from './unprivileged.ts';

const MOST = 1024;
const onlyRoot = process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}only root may make a device node`;

function layers(base: string): { paths: string[]; put(layer: number, path: string, content: string): void } {
  const paths = [0, 1, 2].map((number) => `${base}/${number}`);
  for (const path of paths) mkdirSync(path);
  const put = (layer: number, path: string, content: string): void => {
    mkdirSync(dirname(`${paths[layer]}${path}`), { recursive: true });
    writeFileSync(`${paths[layer]}${path}`, content);
  };
  return { paths, put };
}

const read = (paths: readonly string[], path = '/etc/passwd') => readLayerFile(paths, path, MOST)?.toString();

test('the uppermost layer that has the file says what is in it', (t) => {
  const { paths, put } = layers(ownDirectory(t));
  assert.equal(read(paths), undefined);
  put(2, '/etc/passwd', 'lowest');
  assert.equal(read(paths), 'lowest');
  put(1, '/etc/other', 'x');
  put(0, '/etc/passwd', 'uppermost');
  assert.equal(read(paths), 'uppermost');
  assert.equal(read([`${paths[0]}-that-is-not-made`, ...paths]), 'uppermost');
});

test('a whiteout hides what is below it, of the file and of a directory on the way', { skip: onlyRoot }, (t) => {
  const { paths, put } = layers(ownDirectory(t));
  put(2, '/etc/passwd', 'lowest');
  put(2, '/opt/deep/file', 'lowest');
  mkdirSync(`${paths[1]}/etc`);
  for (const path of ['/etc/passwd', '/opt']) execFileSync('mknod', [`${paths[1]}${path}`, 'c', '0', '0']);
  assert.equal(read(paths), undefined);
  assert.equal(read(paths, '/opt/deep/file'), undefined);
  put(0, '/etc/passwd', 'new');
  assert.equal(read(paths), 'new');
});

test('what took the place of a directory hides it', (t) => {
  const { paths, put } = layers(ownDirectory(t));
  put(2, '/etc/passwd', 'lowest');
  put(1, '/etc', 'a file');
  assert.equal(read(paths), undefined);
});

test('links lead to where they would inside, through all layers', (t) => {
  const base = ownDirectory(t);
  const { paths, put } = layers(base);
  put(2, '/usr/etc/accounts', 'found');
  put(1, '/somewhere/else', '');
  symlinkSync('/usr/etc', `${paths[0]}/etc`);
  symlinkSync('../../../../usr/etc/accounts', `${paths[2]}/usr/etc/passwd`);
  assert.equal(read(paths), 'found');
});

test('no link leads out of the layers, nor round in circles', (t) => {
  const base = ownDirectory(t);
  const { paths } = layers(base);
  writeFileSync(`${base}/secret`, 'secret');
  mkdirSync(`${paths[0]}/etc`);
  symlinkSync(`${base}/secret`, `${paths[0]}/etc/passwd`);
  symlinkSync('../../secret', `${paths[0]}/etc/group`);
  symlinkSync(base, `${paths[0]}/base`);
  symlinkSync('circle', `${paths[0]}/etc/circle`);
  for (const path of ['/etc/passwd', '/etc/group', '/base/secret', '/../secret', '/etc/circle', '/', '/etc']) {
    assert.equal(read(paths, path), undefined, path);
  }
});

test('what is no file, is too large or cannot be read is as if it were not there', (t) => {
  const { paths, put } = layers(ownDirectory(t));
  put(0, '/large', 'x'.repeat(MOST + 1));
  put(0, '/exact', 'x'.repeat(MOST));
  execFileSync('mkfifo', [`${paths[0]}/fifo`]);
  put(1, '/fifo', 'below');
  assert.deepEqual(
    ['/large', '/fifo'].map((path) => read(paths, path)),
    [undefined, undefined],
  );
  assert.equal(read(paths, '/exact')?.length, MOST);
  put(0, '/locked', 'x');
  chmodSync(`${paths[0]}/locked`, 0);
  if (process.getuid?.() !== 0) assert.equal(read(paths, '/locked'), undefined);
});

test('accounts of an image: the changes of a kept sandbox come first', (t) => {
  const { paths, put } = layers(ownDirectory(t));
  const [changes = '', ...below] = paths;
  put(1, '/etc/passwd', 'of the image');
  const root = { kind: 'image', layers: below } as const;
  assert.equal(readAccountTable(root, 'passwd', changes), 'of the image');
  put(0, '/etc/passwd', 'of the sandbox');
  assert.equal(readAccountTable(root, 'passwd', changes), 'of the sandbox');
  assert.equal(readAccountTable(root, 'passwd'), 'of the image');
  assert.equal(readAccountTable(root, 'group', changes), '');
});
