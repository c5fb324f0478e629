import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBytes } from '../../src/linux/bytes.ts';
import { parseMountInfo, readMountInfo } from '../../src/linux/mountinfo.ts';

test('a line of proc_pid_mountinfo(5) is taken apart', () => {
  const line = '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n';
  assert.deepEqual(parseMountInfo(Buffer.from(line)), [
    {
      id: 36,
      parent: 35,
      device: '98:0',
      root: '/mnt1',
      mountPoint: '/mnt2',
      options: ['rw', 'noatime'],
      propagation: ['master:1', 'shared:2'],
      fsType: 'ext3',
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
    },
  ]);
});

test('escapes, an empty source, a directory called "-" and foreign bytes are understood', () => {
  const [mount] = parseMountInfo(Buffer.from('1 2 0:1 /- /a\\040b\\134\\012\xff\\043 rw - fuse.x  rw\n', 'latin1'));
  assert.equal(mount?.root, '/-');
  assert.equal(mount?.mountPoint, '/a b\\\n\udcff#');
  assert.equal(mount?.source, '');
  assert.deepEqual(mount?.propagation, []);
});

test('UTF-8 in a mount point is decoded', () => {
  assert.equal(parseMountInfo(Buffer.from('1 2 0:1 / /é😀 rw - tmpfs none rw'))[0]?.mountPoint, '/é😀');
});

test('lines of another form are left out', () => {
  const text =
    'noise\n1 2 0:1 / /a rw tmpfs none rw\n\n1 2 0:1 / /b rw - tmpfs\n' +
    'x 2 0:1 / /c rw - tmpfs none rw\n3 2 0:1 / /d rw - t n rw\n';
  assert.deepEqual(
    parseMountInfo(Buffer.from(text)).map((mount) => mount.mountPoint),
    ['/d'],
  );
});

test('no bytes make the parser fail', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assert.ok(Array.isArray(parseMountInfo(bytes)))));
  const word = fc.constantFrom('1', '-', '/', '\\040', '\\', '\\777', '', 'rw,', '\xff', '\n', '0:1');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      assert.ok(Array.isArray(parseMountInfo(Buffer.from(words.join(' '), 'latin1'))));
    }),
  );
});

test('any path survives the escapes of the kernel', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(bytes, (path) => {
      const escaped = [0x2f, ...path].map((byte) => {
        const special = [0x20, 0x09, 0x0a, 0x5c, 0x23].includes(byte);
        return special ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
      });
      const [mount] = parseMountInfo(Buffer.from(`1 2 0:1 / ${escaped.join('')} rw - t n rw\n`, 'latin1'));
      assert.deepEqual(encodeBytes(mount?.mountPoint ?? ''), Buffer.from([0x2f, ...path]));
    }),
  );
});

test("this process's own mounts are all understood", () => {
  const mounts = readMountInfo();
  const lines = execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'latin1' }).trim().split('\n');
  assert.equal(mounts.length, lines.length);
  assert.ok(mounts.some((mount) => mount.mountPoint === '/'));
  assert.equal(mounts.find((mount) => mount.mountPoint === '/proc')?.fsType, 'proc');
});

test('a process that is not there is an error by name', () => {
  assert.throws(() => readMountInfo(4_194_305), { code: 'ENOENT', path: '/proc/4194305/mountinfo' });
});

const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0;

test('mounts that the kernel had to escape are read back', { skip: namespaces ? false : 'no user namespaces' }, () => {
  const directory = String.raw`/mnt/$'a b\\c\n\xff#'`;
  const mounts = `mount -t tmpfs none /mnt && mkdir ${directory} && mount -t tmpfs none ${directory}`;
  const script = `${mounts} && cat /proc/self/mountinfo`;
  const output = execFileSync('unshare', ['-rm', '/bin/bash', '--norc', '-c', script]);
  assert.equal(parseMountInfo(output).at(-1)?.mountPoint, '/mnt/a b\\c\n\udcff#');
});
