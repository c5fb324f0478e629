/* The unpacker's process and what can happen to it, and to what it reads and writes. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CANNOT_RUN_HERE } from '../../packages.ts';
import { environmentOf, runAs, testUser, workDirectory } from '../../support/user.ts';
import type { AccountKind } from './support/account-ids.ts';
import { ACCOUNTS } from './support/cases.ts';

const SCENARIO = join(import.meta.dirname, 'support/unpacker-scenario.ts');
const isRoot = process.getuid?.() === 0;

type Step = Readonly<Record<string, unknown>>;
const steps = (text: string): Step[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Step);

async function scenario(t: TestContext, kind: AccountKind, name: string, place = workDirectory(t, testUser(kind))) {
  const { status, stdout, stderr } = await runAs(testUser(kind), [process.execPath, SCENARIO, name, place], {
    timeout: 60_000,
  });
  assert.equal(status, 0, stderr);
  return { steps: steps(stdout), place };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 30_000, 'it did not happen');
    await sleep(20);
  }
}

for (const { kind, skip } of ACCOUNTS) {
  describe(`the unpacker's process, ${kind} ids`, { skip }, () => {
    it('reads a blob that is still growing, and tells how far it is', async (t) => {
      const {
        steps: [result, progress],
      } = await scenario(t, kind, 'growing');
      assert.deepEqual(result?.ok, { reliesOnLower: false, bytes: 2_405_888, entries: 9 });
      assert.equal(result?.tree, true);
      assert.equal(progress?.rises, true);
      assert.ok(Number(progress?.times) >= 3);
    });

    it('starts over when the download does, even if what there was first was no archive', async (t) => {
      for (const name of ['restarted', 'restarted after a failure']) {
        const {
          steps: [result],
        } = await scenario(t, kind, name);
        assert.ok(result?.ok, JSON.stringify(result));
      }
    });

    it('takes very many entries in a bounded time and in bounded memory', async (t) => {
      const begun = performance.now();
      const {
        steps: [result, memory],
      } = await scenario(t, kind, 'many');
      assert.deepEqual(result?.ok, { reliesOnLower: true, bytes: 51_201_024, entries: 100_000 });
      assert.ok(performance.now() - begun < 45_000);
      assert.ok(Number(memory?.peak) < 250e6, `${memory?.peak} bytes`);
    });

    it('leaves nothing when it is told to give up', async (t) => {
      const {
        steps: [result],
      } = await scenario(t, kind, 'aborted');
      assert.deepEqual([result?.name, result?.tree], ['ImageError', false]);
    });

    it('is missed when it is killed: everything that was asked of it fails', async (t) => {
      const {
        steps: [result, after],
      } = await scenario(t, kind, 'killed');
      for (const step of [result, after]) {
        assert.deepEqual([step?.name, step?.code], ['ImageError', 'UNPACK']);
        assert.match(String(step?.message), /the unpacking process ended unexpectedly/);
      }
    });

    it('ends with the process that started it, however that ends', async (t) => {
      const user = testUser(kind);
      const place = workDirectory(t, user);
      const child = spawn(process.execPath, [SCENARIO, 'abandoned', place], {
        ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
        env: environmentOf(user),
        cwd: place,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const text = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve));
      const [step] = steps(text);
      assert.ok(existsSync(`/proc/${step?.helper}`), 'it ran');
      child.kill('SIGKILL');
      await until(() => !existsSync(`/proc/${step?.helper}`));
    });

    it('writes everything to the disk after the one who asked has gone, and says so by removing the marks', async (t) => {
      const {
        steps: [result, running],
        place,
      } = await scenario(t, kind, 'synced');
      assert.ok(result?.ok, JSON.stringify(result));
      await until(() => !existsSync(`${place}/mark`));
      await until(() => !existsSync(`/proc/${running?.helper}`));
    });

    it('names the errno and the entry when the disk is full, and gives the space back', {
      skip: isRoot ? false : `${CANNOT_RUN_HERE}only root can mount a small disk`,
    }, async (t) => {
      const user = testUser(kind);
      const place = workDirectory(t, user);
      mkdirSync(`${place}/small`);
      execFileSync('mount', [
        '-t',
        'tmpfs',
        '-o',
        `size=1m,uid=${user.uid},gid=${user.gid}`,
        'tmpfs',
        `${place}/small`,
      ]);
      let done: readonly Step[] = [];
      try {
        done = (await scenario(t, kind, 'full disk', place)).steps;
      } finally {
        execFileSync('umount', [`${place}/small`]);
      }
      const [result, left] = done;
      assert.deepEqual([result?.name, result?.code], ['ImageError', 'UNPACK']);
      assert.match(String(result?.message), /entry "d\/\d" cannot be unpacked: .*No space left on device \(ENOSPC\)/);
      assert.match(String(result?.hint), /sandbox gc/);
      assert.deepEqual(left?.left, []);
    });
  });
}
