import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { hostArch } from '../../src/linux/arch.ts';

test('the host has the name that uname gives it', () => {
  assert.equal(hostArch(), execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim());
});

test('other architectures are refused by name', () => {
  assert.equal(hostArch('arm64'), 'aarch64');
  assert.throws(() => hostArch('riscv64'), /'riscv64' is not supported/);
});
