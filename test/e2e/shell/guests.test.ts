import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { sandbox, type TestUser, testUser, workDirectory } from '../../support/user.ts';

/** A name of its own for a test's sandbox, which is removed after it. */
function sandboxName(t: TestContext, user: TestUser): string {
  const name = `guests-${randomBytes(4).toString('hex')}`;
  t.after(() => sandbox(user, ['rm', '--force', name]));
  return name;
}

async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a kept sandbox outlives the shell that opened it while another one is in', { timeout: 120_000 }, async (t) => {
  const user = testUser();
  const cwd = workDirectory(t, user);
  const name = sandboxName(t, user);
  const waitFor = (file: string): string => `while [ ! -e ${file} ]; do sleep 0.05; done`;

  const first = sandbox(
    user,
    ['shell', '--name', name, '--', 'sh', '-c', `touch opened; ${waitFor('joined')}; exit 3`],
    { cwd },
  );
  await appears(`${cwd}/opened`);
  const script = `touch joined; ${waitFor('left')}; kill -0 1 && cat /proc/1/comm`;
  const second = sandbox(user, ['shell', '--name', name, '--', 'sh', '-c', script], { cwd });

  // The opener's shell comes back with its own status, and the guest's goes on.
  assert.equal((await first).status, 3);
  const listed = await sandbox(user, ['ps', '--json']);
  assert.match(listed.stdout, new RegExp(`"id": "${name}"`));
  await sandbox(user, ['shell', '--name', name, '--', 'touch', 'left'], { cwd });
  const { status, stdout, stderr } = await second;
  assert.deepEqual(
    { status, stdout, stderr: stderr.includes('sandbox:') },
    { status: 0, stdout: 'sandbox\n', stderr: false },
  );
});

test('a kept sandbox can be opened again at once', { timeout: 120_000 }, async (t) => {
  const user = testUser();
  const cwd = workDirectory(t, user);
  const name = sandboxName(t, user);
  for (let round = 0; round < 3; round++) {
    const words = ['shell', '--name', name, '--', 'sh', '-c', 'echo more >>/usr/kept; wc -l </usr/kept'];
    const { status, stdout, stderr } = await sandbox(user, words, { cwd });
    assert.deepEqual({ status, lines: stdout.trim(), stderr }, { status: 0, lines: String(round + 1), stderr: '' });
  }
});
