import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsAccount, sandbox, testUser, workDirectory } from '../support/user.ts';

/** With control groups: test/vm/limits.test.ts. These limits hold everywhere. */
describe('using up the machine', { skip: needsAccount('subordinate') }, () => {
  const inside = async (cwd: string, words: readonly string[], script: string) =>
    await sandbox(testUser(), ['run', ...words, '--', 'sh', '-c', script], { cwd });

  it('with processes ends at --ulimit nproc, and outside there are more', async (t) => {
    const cwd = workDirectory(t, testUser());
    const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 20 & done; echo all; kill $(jobs -p)';
    assert.match((await inside(cwd, [], script)).stdout, /all/);
    const held = await inside(cwd, ['--ulimit', 'nproc=8', '--timeout', '30'], script);
    assert.match(held.stderr, /[Cc]annot fork/);
    assert.doesNotMatch(held.stdout, /all/);
  });

  it('with a file ends at --ulimit fsize', async (t) => {
    const cwd = workDirectory(t, testUser());
    const script = 'head -c 3000000 /dev/zero > big; stat -c %s big';
    assert.match((await inside(cwd, [], script)).stdout, /^3000000$/m);
    const held = await inside(cwd, ['--ulimit', 'fsize=1048576'], script);
    assert.match(held.stdout, /^1048576$/m);
  });

  it('with files in memory ends at the size of the tmpfs', async (t) => {
    const cwd = workDirectory(t, testUser());
    const script = 'head -c 3000000 /dev/zero > /scratch/big; stat -c %s /scratch/big';
    assert.match((await inside(cwd, ['--tmpfs', '/scratch'], script)).stdout, /^3000000$/m);
    const held = await inside(cwd, ['--tmpfs', '/scratch:size=1m'], script);
    assert.match(held.stdout, /^1048576$/m);
    assert.match(held.stderr, /No space left/);
  });

  it('with memory ends at --ulimit as', async (t) => {
    const cwd = workDirectory(t, testUser());
    const script = `perl -e '$a = "x" x 300_000_000; print length $a'`;
    assert.equal((await inside(cwd, [], script)).stdout, '300000000');
    const held = await inside(cwd, ['--ulimit', 'as=200000000'], script);
    assert.notEqual(held.status, 0);
    assert.match(held.stderr, /[Oo]ut of memory/);
  });

  it('with time ends at --timeout, whatever the command does about signals', async (t) => {
    const cwd = workDirectory(t, testUser());
    const script = 'trap "" TERM INT HUP ALRM; while :; do sleep 1; done';
    assert.equal((await inside(cwd, ['--timeout', '2'], script)).status, 137);
  });
});
