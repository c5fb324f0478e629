import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { atLeast, kernelVersion, parseKernelVersion } from '../../src/linux/kernel-version.ts';

test('releases as distributions write them', () => {
  assert.deepEqual(parseKernelVersion('6.1.0-18-amd64'), { major: 6, minor: 1 });
  assert.deepEqual(parseKernelVersion('5.15.153.1-microsoft-standard-WSL2'), { major: 5, minor: 15 });
  assert.deepEqual(parseKernelVersion('7.0-rc1'), { major: 7, minor: 0 });
  assert.deepEqual(parseKernelVersion('4.18.0-553.el8_10.x86_64'), { major: 4, minor: 18 });
  assert.equal(parseKernelVersion('linux'), undefined);
  assert.throws(() => kernelVersion('linux'), /"linux" does not start with a version/);
});

test('versions are compared as numbers', () => {
  const version = { major: 5, minor: 10 };
  assert.ok(atLeast(version, 5, 9) && atLeast(version, 5, 10) && atLeast(version, 4, 19));
  assert.ok(!atLeast(version, 5, 11) && !atLeast(version, 6, 0));
});

test('the running kernel has a version', () => {
  assert.ok(atLeast(kernelVersion(), 4, 0));
});

test('no text makes the parser fail', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]*$/)), (text) => {
      const version = parseKernelVersion(text);
      assert.ok(version === undefined || Number.isInteger(version.major + version.minor));
    }),
  );
});
