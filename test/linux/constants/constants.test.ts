import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { test } from 'node:test';
import { hostArch } from '../../../src/linux/arch.ts';
import { CAPABILITIES, capabilityMask, capabilityNumber } from '../../../src/linux/constants/capability.ts';
import { OPEN } from '../../../src/linux/constants/open.ts';
import { SIGNAL, signalName, signalNumber } from '../../../src/linux/constants/signal.ts';

test("the host's open flags are those that Node was compiled with", () => {
  const { O_DIRECTORY, O_NOFOLLOW, O_DIRECT, O_CREAT, O_EXCL, O_NOCTTY, O_NOATIME, O_SYNC } = constants;
  const ours = OPEN[hostArch()];
  const theirs = { O_DIRECTORY, O_NOFOLLOW, O_DIRECT, O_CREAT, O_EXCL, O_NOCTTY, O_NOATIME, O_SYNC };
  for (const [name, value] of Object.entries(theirs)) assert.equal(ours[name as keyof typeof theirs], value, name);
});

test('four open flags differ between the architectures, and O_TMPFILE with them', () => {
  const differing = Object.keys(OPEN.x86_64).filter((name) => {
    const flag = name as keyof typeof OPEN.x86_64;
    return OPEN.x86_64[flag] !== OPEN.aarch64[flag];
  });
  assert.deepEqual(differing.sort(), ['O_DIRECT', 'O_DIRECTORY', 'O_LARGEFILE', 'O_NOFOLLOW', 'O_TMPFILE']);
  for (const { O_TMPFILE, O_DIRECTORY } of [OPEN.x86_64, OPEN.aarch64])
    assert.equal(O_TMPFILE & O_DIRECTORY, O_DIRECTORY);
});

test('signals agree with those that Node has', () => {
  for (const [name, number] of Object.entries(SIGNAL)) {
    const theirs: number | undefined = (osConstants.signals as Readonly<Record<string, number>>)[name];
    assert.equal(number, theirs, name);
  }
});

test('signals are named and found as kill(1) does it', () => {
  assert.equal(signalName(15), 'SIGTERM');
  assert.equal(signalName(34), 'SIGRTMIN');
  assert.equal(signalName(36), 'SIGRTMIN+2');
  assert.equal(signalName(99), 'signal 99');
  assert.deepEqual(['TERM', 'SIGTERM', 'sigterm', '15'].map(signalNumber), [15, 15, 15, 15]);
  assert.deepEqual(['0', '65', '-1', 'SIG', 'toString', ''].map(signalNumber), Array(6).fill(undefined));
});

test('capabilities have the numbers of their bits', () => {
  assert.equal(CAPABILITIES.length, 41);
  assert.equal(capabilityNumber('CAP_SYS_ADMIN'), 21);
  assert.equal(capabilityNumber('CAP_CHECKPOINT_RESTORE'), 40);
  assert.equal(capabilityMask(CAPABILITIES), 0x1ffffffffffn);
  assert.equal(capabilityMask(['CAP_CHOWN', 'CAP_SETFCAP']), 0x80000001n);
});
