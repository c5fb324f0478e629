import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { copyLayers } from '../../src/host/layer-copy/merge.ts';
import { CANNOT_RUN_HERE, needs } from '../packages.ts';

/* What an overlay of nasty layers shows is compared with a copy of them in e2e/drivers/same-tree.test.ts. */

const SIZE = 32 << 20;
const onlyRoot = process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}only root may mount a file system`;

function place(t: TestContext): { base: string; layers: string[] } {
  const base = mkdtempSync('/var/tmp/layer-copy-');
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const layers = ['top', 'base'].map((name) => `${base}/${name}`);
  for (const path of layers) mkdirSync(path);
  return { base, layers };
}

/** A file system that shares blocks, in a file. */
function btrfs(t: TestContext): string {
  const base = mkdtempSync('/var/tmp/layer-copy-');
  writeFileSync(`${base}/image`, '');
  truncateSync(`${base}/image`, 256 << 20);
  execFileSync('mkfs.btrfs', ['--quiet', `${base}/image`]);
  mkdirSync(`${base}/mount`);
  execFileSync('mount', ['-o', 'loop', `${base}/image`, `${base}/mount`]);
  t.after(() => {
    // A copy that failed has its directories open until its process ends, which is this one.
    execFileSync('umount', ['--lazy', `${base}/mount`]);
    rmSync(base, { recursive: true });
  });
  return `${base}/mount`;
}

test('a copy that is there is left as it is, and what was begun is begun anew', (t) => {
  const { base, layers } = place(t);
  writeFileSync(`${layers[1]}/file`, 'one');
  mkdirSync(`${base}/copy.part/left`, { recursive: true });
  copyLayers(`${base}/copy`, layers, { sync: true });
  assert.deepEqual([readdirSync(`${base}/copy`), existsSync(`${base}/copy.part`)], [['file'], false]);
  writeFileSync(`${layers[1]}/file`, 'two');
  copyLayers(`${base}/copy`, layers, { sync: false });
  assert.equal(readFileSync(`${base}/copy/file`, 'utf8'), 'one');
});

test('directories may be thousands deep', (t) => {
  const { base, layers } = place(t);
  const depth = 1500;
  execFileSync('python3', [
    '-c',
    `import os\nos.chdir(${JSON.stringify(layers[1])})\nfor n in range(${depth}): os.mkdir('d'); os.chdir('d')\nopen('end', 'w').write('x')`,
  ]);
  copyLayers(`${base}/copy`, layers, { sync: false });
  const script = `import os\nos.chdir(${JSON.stringify(`${base}/copy`)})\nfor n in range(${depth}): os.chdir('d')\nprint(open('end').read())`;
  assert.equal(execFileSync('python3', ['-c', script], { encoding: 'utf8' }), 'x\n');
  execFileSync('rm', ['-rf', base]);
});

test('a layer that is missing is named', (t) => {
  const { base } = place(t);
  assert.throws(() => copyLayers(`${base}/copy`, [`${base}/gone`], { sync: false }), {
    code: 'STORE',
    message: `cannot open ${base}/gone: ENOENT`,
  });
  assert.ok(!existsSync(`${base}/copy`));
});

test('blocks are shared where the file system can', { skip: onlyRoot || needs('mkfs.btrfs') }, (t) => {
  const mount = btrfs(t);
  mkdirSync(`${mount}/layer`);
  const content = randomBytes(SIZE);
  writeFileSync(`${mount}/layer/large`, content);
  execFileSync('sync', ['--file-system', mount]);
  const free = () => statfsSync(mount).bavail * statfsSync(mount).bsize;
  const before = free();
  copyLayers(`${mount}/copy`, [`${mount}/layer`], { sync: true });
  assert.ok(readFileSync(`${mount}/copy/large`).equals(content));
  assert.ok(before - free() < SIZE / 4, `${before - free()} bytes used for a copy of ${SIZE}`);
});

test('from one file system to another bytes are copied, and holes stay holes', {
  skip: onlyRoot || needs('mkfs.btrfs'),
}, (t) => {
  const { layers } = place(t);
  const mount = btrfs(t);
  const content = randomBytes(3 << 20);
  writeFileSync(`${layers[1]}/sparse`, content);
  truncateSync(`${layers[1]}/sparse`, 64 << 20);
  copyLayers(`${mount}/copy`, layers, { sync: true });
  const { size, blocks } = lstatSync(`${mount}/copy/sparse`);
  assert.equal(size, 64 << 20);
  assert.ok(blocks * 512 < 8 << 20, `${blocks} blocks`);
  assert.ok(readFileSync(`${mount}/copy/sparse`).subarray(0, content.length).equals(content));
});

test('a full disk is told as such', { skip: onlyRoot || needs('mkfs.btrfs') }, (t) => {
  const { layers } = place(t);
  const mount = btrfs(t);
  writeFileSync(`${layers[1]}/large`, randomBytes(SIZE));
  assert.equal(spawnSync('dd', ['if=/dev/urandom', `of=${mount}/filler`, 'bs=1M']).status, 1);
  assert.throws(() => copyLayers(`${mount}/copy`, layers, { sync: true }), { code: 'STORE_FULL' });
});
