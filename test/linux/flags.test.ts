import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOUNT } from '../../src/linux/constants/mount.ts';
import { OPEN } from '../../src/linux/constants/open.ts';
import { CLONE3 } from '../../src/linux/constants/process.ts';
import { flagNames } from '../../src/linux/flags.ts';

test('flags are written by name, strangers in hexadecimal', () => {
  assert.equal(flagNames(MOUNT, MOUNT.MS_BIND | MOUNT.MS_REC), 'MS_BIND|MS_REC');
  assert.equal(flagNames(MOUNT, 0), '0');
  assert.equal(flagNames(MOUNT, 2 ** 31 + 1), 'MS_RDONLY|0x80000000');
  assert.equal(flagNames(CLONE3, 0x2_0000_0000n), 'CLONE_INTO_CGROUP');
});

test('a flag of two bits is not taken for its parts', () => {
  assert.equal(flagNames(OPEN.aarch64, OPEN.aarch64.O_TMPFILE | 2), 'O_TMPFILE|O_RDWR');
});

test('the names stand for exactly the value', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), (value) => {
      const table: Readonly<Record<string, number>> = MOUNT;
      const written = flagNames(MOUNT, value).split('|');
      assert.equal(
        written.reduce((all, word) => all | BigInt(table[word] ?? word), 0n),
        value,
      );
    }),
  );
});
