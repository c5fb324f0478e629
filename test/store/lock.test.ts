import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { lockStore } from '../../src/store/lock.ts';
import { needs } from '../packages.ts';
import { emptyStore } from './directory.ts';

describe('the lock of the store', () => {
  it('is held by any number that share it, and by one alone', async (t) => {
    const store = emptyStore(t);
    const shared = [await lockStore(store, 'shared'), await lockStore(store, 'shared')];
    await assert.rejects(lockStore(store, 'exclusive', { patience: 60 }), { code: 'LOCKED' });
    for (const lock of shared) lock.release();
    const exclusive = await lockStore(store, 'exclusive', { patience: 60 });
    await assert.rejects(lockStore(store, 'shared', { patience: 60 }), { code: 'LOCKED' });
    exclusive.release();
  });

  it('is given up when the wait is aborted', async (t) => {
    const store = emptyStore(t);
    const held = await lockStore(store, 'exclusive');
    const controller = new AbortController();
    const wait = lockStore(store, 'shared', { signal: controller.signal });
    controller.abort(new Error('Ctrl-C'));
    await assert.rejects(wait, /Ctrl-C/);
    held.release();
  });

  it('of another process is named by its pid, and dies with it', { skip: needs('flock') }, async (t) => {
    const store = emptyStore(t);
    const other = spawn('flock', ['-x', `${store}/lock`, 'sh', '-c', 'echo held; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    t.after(() => {
      try {
        process.kill(-(other.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    await once(other.stdout, 'data');
    let holders: readonly number[] = [];
    const wait = lockStore(store, 'shared', {
      onWait: (pids) => {
        holders = pids;
        process.kill(-(other.pid ?? 0), 'SIGKILL');
      },
    });
    (await wait).release();
    assert.deepEqual(holders, [other.pid]);
  });

  it('that cannot be made is a clear error', async () => {
    await assert.rejects(lockStore('/proc/nowhere', 'shared'), { code: 'STORE', hint: /XDG_DATA_HOME/ });
  });
});
