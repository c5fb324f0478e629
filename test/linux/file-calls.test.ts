import assert from 'node:assert/strict';
import { closeSync, lstatSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, it } from 'node:test';
import { hostArch } from '../../src/linux/arch.ts';
import { OPEN, RESOLVE } from '../../src/linux/constants/open.ts';
import { errnoNumber } from '../../src/linux/errno.ts';
import { FileCalls } from '../../src/linux/file-calls.ts';

const calls = new FileCalls();
const FLAGS = OPEN[hostArch()];
let directory = '';
let descriptor = -1;
const errno = (name: string) => -(errnoNumber(name) ?? 0);

before(() => {
  directory = mkdtempSync(`${tmpdir()}/file-calls-`);
  descriptor = openSync(directory, 'r');
});
after(() => {
  closeSync(descriptor);
  rmSync(directory, { recursive: true });
});

it('takes names as bytes, one Latin-1 character each', () => {
  assert.equal(calls.mkdirat(descriptor, 'b\xff\x80', 0o700), 0);
  assert.deepEqual(readdirSync(directory, { encoding: 'latin1' }), ['b\xff\x80']);
  assert.equal(calls.unlinkat(descriptor, 'b\xff\x80', 0x200), 0);
});

it('gives the negated errno, and throws nothing', () => {
  assert.equal(calls.openat(descriptor, 'missing', FLAGS.O_RDONLY, 0), errno('ENOENT'));
  assert.equal(calls.lstatat(descriptor, 'missing'), errno('ENOENT'));
  assert.equal(calls.readlinkat(descriptor, 'missing'), errno('ENOENT'));
  assert.equal(calls.mkdirat(descriptor, 'n'.repeat(256), 0o700), errno('ENAMETOOLONG'));
  assert.equal(calls.mkdirat(descriptor, 'n'.repeat(100_000), 0o700), errno('ENAMETOOLONG'));
});

it('sets times of names and descriptors to the nanosecond, before 1970 and after 2038', () => {
  writeFileSync(`${directory}/f`, '');
  const file = openSync(`${directory}/f`, 'r+');
  for (const [seconds, nanoseconds] of [
    [-1, 999_999_999],
    [-(2 ** 31), 0],
    [2 ** 32 + 5, 1],
    [0, 0],
  ] as const) {
    assert.equal(calls.futimens(file, seconds, nanoseconds), 0);
    const { mtimeNs } = lstatSync(`${directory}/f`, { bigint: true });
    assert.equal(mtimeNs, BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
    const status = calls.lstatat(descriptor, 'f');
    assert.ok(typeof status === 'object');
    assert.deepEqual([status.seconds, status.nanoseconds], [seconds, nanoseconds]);
  }
  closeSync(file);
});

it('changes links themselves, and links them', () => {
  assert.equal(calls.symlinkat('nowhere', descriptor, 'l'), 0);
  assert.equal(calls.lutimensat(descriptor, 'l', 17, 5), 0);
  assert.equal(calls.linkat(descriptor, 'l', descriptor, 'l2'), 0);
  const { mtimeNs, nlink } = lstatSync(`${directory}/l2`, { bigint: true });
  assert.deepEqual([mtimeNs, nlink], [17_000_000_005n, 2n]);
  assert.equal(calls.readlinkat(descriptor, 'l2'), 'nowhere');
});

it('confines what openat2 may resolve', () => {
  assert.equal(calls.openat2(descriptor, '..', FLAGS.O_PATH, RESOLVE.RESOLVE_BENEATH), errno('EXDEV'));
  assert.equal(calls.openat2(descriptor, 'l', FLAGS.O_PATH, RESOLVE.RESOLVE_NO_SYMLINKS), errno('ELOOP'));
});

it('agrees with fstat about status', () => {
  writeFileSync(`${directory}/s`, 'seven b', { mode: 0o640 });
  const stats = lstatSync(`${directory}/s`, { bigint: true });
  const status = calls.lstatat(descriptor, 's');
  assert.ok(typeof status === 'object');
  assert.deepEqual(
    [status.mode, status.uid, status.gid, status.links, status.inode, status.size].map(String),
    [stats.mode, stats.uid, stats.gid, stats.nlink, stats.ino, stats.size].map(String),
  );
});
