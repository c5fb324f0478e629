import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { needs } from '../../packages.ts';
import { needsAccount, runAs, testUser, workDirectory } from '../../support/user.ts';

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`sandbox try, ids: ${kind}`, { skip: needsAccount(kind) || needs('python3') }, () => {
    function surroundings(t: TestContext) {
      const user = testUser(kind);
      const cwd = workDirectory(t, user);
      const secret = `${user.home}/.secret-${process.pid}`;
      mkdirSync(secret);
      writeFileSync(`${secret}/key`, 'x');
      for (const path of [secret, `${secret}/key`]) chownSync(path, user.uid, user.gid);
      t.after(() => rmSync(secret, { recursive: true, force: true }));
      const sandbox = async (...words: string[]) =>
        await runAs(user, [user.sandbox, ...words], { cwd, timeout: 60_000 });
      const name = `audit-${process.pid}-${kind}`;
      t.after(async () => void (await runAs(user, [user.sandbox, 'rm', '--force', name])));
      return { cwd, secret, name, sandbox };
    }

    test('--report says what the command was refused, and that does not change its status', async (t) => {
      const { sandbox, secret, name } = surroundings(t);
      const script = `cat ${secret}/key; unshare -U true; exit 3`;
      const { status, stderr, stdout } = await sandbox('try', '--name', name, '--report', '--', 'sh', '-c', script);
      assert.equal(status, 3, stderr);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /^Refused system calls\n {2}CALL +TIMES +ANSWER +ASKED FOR\n {2}unshare +1 +EPERM +CLONE_NEWUSER$/m,
      );
      assert.match(stderr, new RegExp(`^Kept away from it\n {2}${secret}/key$`, 'm'));
    });

    test('--report --json has one form', async (t) => {
      const { sandbox, secret, name } = surroundings(t);
      const script = `import socket\ntry: open('${secret}/key')\nexcept OSError: pass
try: socket.create_connection(('192.0.2.9', 25))\nexcept OSError: pass
open('/var/tmp/made', 'w')`;
      const { status, stderr, stdout } = await sandbox(
        'try',
        '--name',
        name,
        '--report',
        '--json',
        '--',
        'python3',
        '-c',
        script,
      );
      assert.equal(status, 0, stderr);
      const { read, ...report } = JSON.parse(stdout).audit;
      assert.ok(Array.isArray(read));
      assert.deepEqual(report, {
        version: 1,
        audit: 'everything',
        complete: true,
        refused: [],
        keptAway: [`${secret}/key`],
        written: ['/var/tmp/made'],
        programs: [],
        network: [{ use: 'connect', family: 'ipv4', address: '192.0.2.9:25', keptAway: true }],
      });
    });

    test('--learn writes a profile under which the command runs again, and another does not', async (t) => {
      const { sandbox, name, cwd } = surroundings(t);
      const command = ['sh', '-c', 'mkdir -p made && echo text >made/file && cat made/file'];
      const first = await sandbox('try', '--name', name, '--learn', 'learnt.json', '--', ...command);
      assert.equal(first.status, 0, first.stderr);
      assert.match(first.stderr, /learnt\.json allows \d+ system calls/);
      assert.ok(JSON.parse(readFileSync(`${cwd}/learnt.json.used.json`, 'utf8')).programs.includes('/usr/bin/cat'));
      const under = async (...words: string[]) =>
        await sandbox('run', '--profile', 'strict', '--security-opt', 'seccomp=learnt.json', '--', ...words);
      const again = await under(...command);
      assert.equal(again.status, 0, again.stderr);
      assert.equal(again.stdout, 'text\n');
      const other = await under('sh', '-c', 'ln -s a made/link');
      assert.notEqual(other.status, 0);
      assert.match(other.stderr, /Operation not permitted/);
    });
  });
}
