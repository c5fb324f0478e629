import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostMounts, readHostMounts } from '../../src/host/mounts.ts';
import { readMountInfo } from '../../src/linux/mountinfo.ts';

test('mount points and types in order, escapes and bytes that are not UTF-8 undone, broken lines left out', () => {
  const text = [
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '30 27 0:3 / /mnt/a\\040b\\134c rw,nosuid shared:2 master:1 - fuse.sshfs a:/b rw',
    '31 27 0:4 / /caf\xe9 rw - tmpfs  rw',
    'nonsense',
    '32 27 0:4 / /x rw - ',
    '',
  ].join('\n');
  assert.deepEqual(parseHostMounts(Buffer.from(text, 'latin1')), [
    { mountPoint: '/', fsType: 'ext4' },
    { mountPoint: '/mnt/a b\\c', fsType: 'fuse.sshfs' },
    { mountPoint: '/caf\udce9', fsType: 'tmpfs' },
  ]);
});

test('reads the same of this host as the complete parser', () => {
  const complete = readMountInfo().map(({ mountPoint, fsType }) => ({ mountPoint, fsType }));
  assert.ok(complete.length > 0);
  assert.deepEqual(readHostMounts(), complete);
});
