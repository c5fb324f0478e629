/** The tests of the built file, run inside: there the kernel is older, and the session a real one. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { REPOSITORY, SANDBOX } from './inside.ts';
import { machine, needsMachine } from './machine.ts';

const repository = join(import.meta.dirname, '../..');
const NODE = `${REPOSITORY}/node_modules/node-linux-${process.arch}/bin/node`;
const PATIENCE = 20 * 60_000;

/** Emulated they take ten to twenty times as long: all on request only (`npm run test:vm -- --all`). */
const CHOSEN = ['test/attack/processes.test.ts'];
const files =
  process.env.SANDBOX_TEST_VM_ALL === undefined
    ? CHOSEN
    : globSync(['test/attack/**/*.test.ts', 'test/e2e/**/*.test.ts'], { cwd: repository }).sort();

describe('inside the virtual machine', { skip: needsMachine() }, () => {
  before(async () => {
    // The store of the tests' account (test/support/user.ts): preparing it takes longer than some of them wait.
    const home = '/var/tmp/sandbox-test/dev';
    const words = `mkdir -p ${home} && cd ${home} && HOME=${home} ${SANDBOX} run --workspace none -- true`;
    const { status, stderr } = await machine.shell('dev', words);
    assert.equal(status, 0, stderr);
  });

  for (const file of files) {
    it(`passes ${file}`, { timeout: PATIENCE }, async (t) => {
      const words = [NODE, '--test', '--test-reporter=tap', file];
      const { status, stdout, stderr } = await machine.run('dev', words, { cwd: REPOSITORY, timeout: PATIENCE });
      const lines = stdout.split('\n');
      const counted = lines.filter((line) => /^# (pass|fail|skipped) /.test(line));
      t.diagnostic(counted.map((line) => line.slice(2)).join(', '));
      for (const line of lines.filter((line) => / # SKIP/.test(line))) t.diagnostic(line.trim());
      assert.equal(status, 0, failures(lines) || stderr || stdout);
      assert.doesNotMatch(stdout, /^# pass 0$/m, 'some of its tests ran');
    });
  }
});

/** The failed tests of a TAP report, each with its details. */
function failures(lines: readonly string[]): string {
  let within = false;
  const kept = lines.filter((line) => {
    if (/^\s*(not )?ok /.test(line)) within = /^\s*not ok /.test(line);
    return within;
  });
  return kept.slice(0, 200).join('\n');
}
