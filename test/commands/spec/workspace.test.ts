import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';
import { isInside, workspaceFor } from '../../../src/commands/spec/workspace.ts';

describe('workspaceFor', () => {
  it('mounts a project writable when nothing is said', () => {
    for (const cwd of ['/home/ann/project', '/srv/www', '/home/annex', '/home/other', '/devel', '/process']) {
      assert.deepEqual(workspaceFor(undefined, cwd, '/home/ann'), { workspace: { kind: 'rw', path: cwd } });
    }
  });

  it('mounts neither the home, what holds it, the root, nor what belongs to the kernel, and says so', () => {
    const notes = [
      ['/', 'the current directory is the whole system: not mounted'],
      ['/home', 'the current directory holds your home: not mounted (--workspace rw mounts it)'],
      ['/home/ann', 'the current directory is your home: not mounted (--workspace rw mounts it)'],
      ['/proc/1', 'the current directory belongs to /proc: not mounted'],
      ['/sys', 'the current directory belongs to /sys: not mounted'],
      ['/dev/shm', 'the current directory belongs to /dev: not mounted'],
    ] as const;
    for (const [cwd, note] of notes) {
      assert.deepEqual(workspaceFor(undefined, cwd, '/home/ann'), { workspace: { kind: 'none' }, note });
    }
  });

  it('mounts neither the store nor what everybody shares', () => {
    const store = '/data/ann/sandbox';
    const notes = [
      ['/data', 'holds the store of sandboxes'],
      [store, 'holds the store of sandboxes'],
      [`${store}/runs/1`, 'belongs to the store of sandboxes'],
      ['/tmp', 'is shared with all that runs here'],
      ['/run/user', 'is shared with all that runs here'],
      ['/run/user/1000', 'holds the sockets of your session'],
    ] as const;
    for (const [cwd, reason] of notes) {
      const note = `the current directory ${reason}: not mounted (--workspace rw mounts it)`;
      assert.deepEqual(workspaceFor(undefined, cwd, '/home/ann', store), { workspace: { kind: 'none' }, note });
    }
    for (const path of ['/tmp/project', '/run/user/1000/project', '/data2', '/var/www'])
      assert.deepEqual(workspaceFor(undefined, path, '/home/ann', store), { workspace: { kind: 'rw', path } });
  });

  it('does what is asked for, silently', () => {
    for (const kind of ['rw', 'ro', 'cow'] as const) {
      assert.deepEqual(workspaceFor(kind, '/home/ann', '/home/ann'), { workspace: { kind, path: '/home/ann' } });
    }
    assert.deepEqual(workspaceFor('none', '/srv/www', '/home/ann'), { workspace: { kind: 'none' } });
  });

  it('refuses the root and what belongs to the kernel', () => {
    for (const kind of ['rw', 'ro', 'cow'] as const) {
      for (const cwd of ['/', '/proc/self', '/sys', '/dev'])
        assert.throws(() => workspaceFor(kind, cwd, '/home/ann'), UsageError);
    }
  });

  it('takes a home that is the root for what it is', () => {
    assert.deepEqual(workspaceFor(undefined, '/srv', '/'), { workspace: { kind: 'rw', path: '/srv' } });
  });
});

it('isInside compares whole names', () => {
  assert(isInside('/a/b', '/a') && isInside('/a', '/a') && isInside('/a', '/'));
  assert(!isInside('/ab', '/a') && !isInside('/', '/a'));
});
