import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostGround, readHostDirectory, realLocation } from '../../src/host/directories.ts';
import { readHostMounts } from '../../src/host/mounts.ts';
import { ownDirectory } from './unprivileged.ts';

test('a directory is listed with types and targets, by name, byte by byte', (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/dir`);
  writeFileSync(Buffer.from(`${home}/caf\xe9`, 'latin1'), '');
  symlinkSync(Buffer.from('to/\xff', 'latin1'), `${home}/link`);
  symlinkSync('nowhere', `${home}/ä`);
  execFileSync('mkfifo', [`${home}/fifo`]);
  assert.deepEqual(readHostDirectory(home), [
    { name: 'caf\udce9', type: { kind: 'file' } },
    { name: 'dir', type: { kind: 'directory' } },
    { name: 'fifo', type: { kind: 'other' } },
    { name: 'link', type: { kind: 'symlink', target: 'to/\udcff' } },
    { name: 'ä', type: { kind: 'symlink', target: 'nowhere' } },
  ]);
});

test('what is no directory cannot be listed', () => {
  assert.equal(readHostDirectory('/proc/self/status'), undefined);
  assert.equal(readHostDirectory('/nothing/here'), undefined);
});

test('links on the way are resolved, a missing end is kept', (context) => {
  const home = realLocation(ownDirectory(context));
  mkdirSync(`${home}/real`);
  symlinkSync('real', `${home}/link`);
  assert.equal(realLocation(`${home}/link/a/b`), `${home}/real/a/b`);
  symlinkSync('loop', `${home}/loop`);
  assert.equal(realLocation(`${home}/loop/x`), `${home}/loop/x`);
});

test('the ground of this host has its /usr and hides its homes', () => {
  const ground = hostGround({ mounts: readHostMounts(), home: '/home/ann', store: '/home/ann/store' });
  const kinds = new Map(ground.entries.map((entry) => [entry.path, entry.kind]));
  assert.match(kinds.get('/usr') ?? '', /^(overlay|directory)$/);
  assert.equal(kinds.get('/proc'), 'fresh');
  assert.equal(kinds.get('/tmp'), 'fresh');
});
