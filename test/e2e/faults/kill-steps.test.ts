import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import { describe, it } from 'node:test';
import { needs } from '../../packages.ts';
import { runAs } from '../../support/user.ts';
import { assertNothingLeft, gone, sleepers, snapshot, supervisors, uniqueDuration } from './support/leftovers.ts';
import { at, ordinary, place } from './support/place.ts';

/**
 * System calls of the launcher: whichever process makes one for the N-th time is killed as it makes it. The monitor's
 * own directory and lock, the namespaces, init's mounts, the command's process, the supervision, the removal.
 */
const STEPS: ReadonlyArray<readonly [call: string, nth: readonly number[]]> = [
  ['mkdirat', [1, 2, 4]],
  ['flock', [1, 2]],
  ['getrandom', [1]],
  ['clone', [1, 2]],
  ['fsopen', [1, 2]],
  ['fsmount', [1, 3]],
  ['open_tree', [1, 2]],
  ['move_mount', [1, 4, 8]],
  ['mount_setattr', [1]],
  ['sethostname', [1]],
  ['pivot_root', [1]],
  ['umount2', [1]],
  ['capset', [1]],
  ['seccomp', [1]],
  ['execve', [2, 3]],
  ['rt_sigtimedwait', [1, 2]],
  ['wait4', [1]],
  ['getdents64', [1, 3]],
  ['unlinkat', [1, 2, 4]],
];

describe('kill -9 at a step of the launcher', { skip: ordinary.skip || needs('strace') }, () => {
  for (const [call, numbers] of STEPS) {
    it(`in ${call}: nothing survives, and the next run leaves nothing`, async (t) => {
      const where = place(t, 'kill-steps');
      const { user, cwd, env, store } = where;
      assert.equal((await at(where, ['run', '--', 'true'])).status, 0);
      const before = snapshot(store);
      for (const nth of numbers) {
        const duration = uniqueDuration();
        const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
        const command = ['run', '--', 'sh', '-c', `sleep 0.2; sleep ${duration} & exit 4`];
        const words = ['strace', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', ...inject, user.sandbox, ...command];
        const { status, signal } = await runAs(user, words, { cwd, env });
        assert(signal === 'SIGKILL' || [4, 125, 137].includes(status ?? -1), `${call} ${nth}: ${status} ${signal}`);
        await gone('the command', () => sleepers(duration));
        await gone('its monitor and init', () => supervisors(store));
      }
      const past = Date.now() / 1000 - 60;
      for (const name of readdirSync(`${store}/runs`)) utimesSync(`${store}/runs/${name}`, past, past);
      const next = await at(where, ['run', '--', 'echo', 'well']);
      assert.deepEqual([next.status, next.stdout], [0, 'well\n'], next.stderr);
      await assertNothingLeft(before);
    });
  }
});
