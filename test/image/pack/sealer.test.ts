/* The process that makes layers, asked by an ordinary account. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAs, testUser, workDirectory } from '../../support/user.ts';
import { ACCOUNTS } from '../unpack/support/cases.ts';

const SCENARIO = join(import.meta.dirname, 'support/sealer-scenario.ts');

interface Layer {
  readonly tree: string;
  readonly diffId: string;
  readonly bytes: number;
  readonly fresh: boolean;
}

const MAKE = `
  mkdir -p dev d/e; echo content >d/file; ln d/file d/second; ln -s /etc/shadow d/link; mkfifo d/fifo
  touch -d @1000 d/fifo; $GIVE
`;

for (const { kind, skip } of ACCOUNTS) {
  describe(`the sealer's process, ${kind} ids`, { skip }, () => {
    const user = testUser(kind);
    const namespace = kind === 'bare' ? ['unshare', '--map-root-user'] : ['unshare', '--map-root-user', '--map-auto'];

    it('makes layers, their archives and comparisons', async (t) => {
      const place = workDirectory(t, user);
      t.after(() => runAs(user, [...namespace, 'rm', '-rf', `${place}/store`]));
      const give = kind === 'bare' ? 'chmod 4711 d/file' : 'chown 5:6 d/file; chmod 4711 d/file';
      for (const [name, more] of [
        ['one', ''],
        ['same', ''],
        ['other', 'echo CONTENT >d/file; chmod 4711 d/file; chmod 700 d/e; rm d/fifo; echo x >new'],
      ] as const) {
        const script = `mkdir "$0"; cd "$0"; ${MAKE.replace('$GIVE', give)} ${more}`;
        const made = await runAs(user, [...namespace, 'sh', '-euc', script, `${place}/${name}`]);
        assert.equal(made.status, 0, made.stderr);
      }
      const uppers = ['one', 'other', 'same'].map((name) => `${place}/${name}`);
      const words = [process.execPath, SCENARIO, 'layers', `${place}/store`, ...uppers];
      const { status, stdout, stderr } = await runAs(user, words);
      assert.equal(status, 0, stderr);
      const [{ layers, discarded }, compared, none, gzip, zstd, wrong] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const [one, other, same] = layers as [Layer, Layer, Layer];
      assert.equal(one.diffId, same.diffId);
      assert.deepEqual([one.fresh, other.fresh, same.fresh], [true, true, false]);
      assert.equal(same.tree, one.tree);
      assert.equal(discarded.length, 1);
      for (const { tree, diffId, bytes } of [one, other]) {
        const record = JSON.parse(readFileSync(`${dirname(tree)}/layer.json`, 'utf8'));
        assert.deepEqual([record.diffId, record.reliesOnLower, record.bytes], [diffId, false, bytes]);
        assert.ok(tree.endsWith(`/${diffId.slice(7)}/tree`));
        // The process writes to the disk and takes the marks away when nobody waits for it any more.
        for (let waited = 0; existsSync(join(dirname(tree), 'unsynced')); waited += 20) {
          assert.ok(waited < 20_000, 'it stays marked as not synced');
          await sleep(20);
        }
      }
      const differs = compared.ok.differences.map(
        ({ path, aspect, a, b }: Record<string, string>) => `${path} ${aspect} ${a} ${b}`,
      );
      assert.deepEqual(differs, [
        'd/e mode 0755 0700',
        'd/fifo missing FIFO undefined',
        'd/file content 8 bytes from byte 1 on',
        'new added undefined file',
      ]);
      assert.equal(compared.ok.count, 4);
      const blob = (name: string): Buffer => readFileSync(`${place}/store/archive.${name}`);
      const sha = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      assert.deepEqual(none.ok, { digest: one.diffId, size: one.bytes });
      for (const [name, answer, program] of [
        ['none', none, 'cat'],
        ['gzip', gzip, 'gzip'],
        ['zstd', zstd, 'zstd'],
      ] as const) {
        assert.deepEqual(answer.ok, { digest: sha(blob(name)), size: blob(name).length });
        const options = program === 'cat' ? [] : ['-dc'];
        assert.equal(sha(execFileSync(program, options, { input: blob(name) })), one.diffId);
      }
      assert.equal(wrong.code, 'CORRUPT');
      const listed = execFileSync('tar', ['-tv', '--numeric-owner'], { input: blob('none'), encoding: 'utf8' });
      assert.match(listed, kind === 'bare' ? /^-rws--x--x 0\/0 +8 .* d\/file$/m : /^-rws--x--x 5\/6 +8 .* d\/file$/m);
      assert.match(listed, /^prw-r--r-- 0\/0 +0 1970-01-01 \S+ d\/fifo$/m);
      assert.doesNotMatch(listed, / dev\//);
    });

    it('says what failed', async (t) => {
      const place = workDirectory(t, user);
      t.after(() => runAs(user, [...namespace, 'rm', '-rf', `${place}/store`]));
      const words = [process.execPath, SCENARIO, 'missing', `${place}/store`];
      const { status, stdout, stderr } = await runAs(user, words);
      assert.equal(status, 0, stderr);
      const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      assert.equal(answer.code, 'PACK');
      assert.match(answer.message, /cannot open a tree: ".*\/none": No such file or directory \(ENOENT\)/);
    });

    it('is missed when it is killed: everything that was asked of it fails', async (t) => {
      const place = workDirectory(t, user);
      const { status, stdout, stderr } = await runAs(user, [process.execPath, SCENARIO, 'killed', `${place}/store`]);
      assert.equal(status, 0, stderr);
      const answers = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(answers.length, 2);
      for (const { code, message } of answers) {
        assert.equal(code, 'PACK');
        assert.match(message, /the sealing process ended unexpectedly/);
      }
    });
  });
}
