import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needs } from '../../packages.ts';
import { runAs } from '../../support/user.ts';
import { assertNothingLeft, snapshot } from './support/leftovers.ts';
import { onChangedHost, withMounts } from './support/mount-namespace.ts';
import { ordinary, place } from './support/place.ts';

describe('a kernel or host that refuses', () => {
  it('user.max_user_namespaces=0: says so, with the command that mends it', {
    skip: ordinary.skip || needs('unshare'),
  }, async (t) => {
    const { user, cwd, env, store } = place(t, 'refusal');
    const before = snapshot(store);
    // The limit is a user namespace's own, and counts those made below it.
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" run -- true';
    const result = await runAs(user, ['unshare', '-Ur', 'sh', '-c', script, user.sandbox], { cwd, env });
    assert.equal(result.status, 125);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /cannot create the namespaces user.*: .*user\.max_user_namespaces is 0 \(ENOSPC\)/);
    assert.match(result.stderr, /hint: echo 'user\.max_user_namespaces = 15000' \| sudo tee/);
    await assertNothingLeft(before);
  });

  it('an overlay whose upper is an overlay: names the file system and another place', withMounts, async (t) => {
    const where = place(t, 'refusal');
    const script = `
      lower=$(mktemp -d); tmp=$(mktemp -d); mount -t tmpfs none "$tmp"; mkdir "$tmp/upper" "$tmp/work"
      data=$(dirname "$STORE")
      mount -t overlay -o "lowerdir=$lower,upperdir=$tmp/upper,workdir=$tmp/work" none "$data"
      chown ${where.user.uid} "$data"; umount -l "$tmp"; rmdir "$tmp"`;
    const result = await onChangedHost(where, script, ['run', '--', 'true']);
    assert.equal(result.status, 125, result.stderr);
    assert.match(result.stderr, /cannot mount the overlay .*file system of the store \(overlay\).* \(EINVAL\)/);
    assert.match(result.stderr, /hint: .*XDG_DATA_HOME/);
    assert.doesNotMatch(result.stderr, /unexpected|at .*\.js/);
  });

  it('no /dev/pts: a sandbox has its own, with -t and without', withMounts, async (t) => {
    const where = place(t, 'refusal');
    const plain = await onChangedHost(where, 'umount -l /dev/pts', ['run', '--', 'ls', '/dev/pts']);
    assert.deepEqual([plain.status, plain.stdout], [0, 'ptmx\n'], plain.stderr);
    const own = await onChangedHost(where, 'umount -l /dev/pts', ['run', '-t', '--', 'tty']);
    assert.deepEqual([own.status, own.stdout], [0, '/dev/pts/0\r\n'], own.stderr);
  });

  it('no place in memory to execute from: takes another, and names all where none is left', withMounts, async (t) => {
    const where = place(t, 'refusal');
    const noexec = (path: string) => `mount -t tmpfs -o noexec,mode=1777 none ${path}; `;
    const elsewhere = await onChangedHost(where, noexec('/dev/shm'), ['run', '--', 'echo', 'well']);
    assert.deepEqual([elsewhere.status, elsewhere.stdout], [0, 'well\n'], elsewhere.stderr);
    const inStore = await onChangedHost(where, noexec('/dev/shm') + noexec('/tmp'), ['run', '--', 'echo', 'well']);
    assert.deepEqual([inStore.status, inStore.stdout], [0, 'well\n'], inStore.stderr);
    const data = '"$(dirname "$STORE")"';
    const script = `${noexec('/dev/shm')}${noexec('/tmp')}mount --bind ${data} ${data}; mount -o remount,bind,noexec ${data}`;
    const nowhere = await onChangedHost(where, script, ['run', '--', 'true']);
    assert.equal(nowhere.status, 125);
    assert.match(
      nowhere.stderr,
      /the launcher cannot be written .*\/dev\/shm \(EACCES\), \/tmp \(EACCES\), .*\(EACCES\)/,
    );
    assert.match(nowhere.stderr, /hint: .*XDG_RUNTIME_DIR.*noexec/);
  });

  it('a /proc that is not mounted: says that it must be', withMounts, async (t) => {
    const where = place(t, 'refusal');
    const result = await onChangedHost(where, 'umount -R -l /proc', ['run', '--', 'true']);
    assert.equal(result.status, 125);
    assert.match(result.stderr, /the proc file system must be mounted on \/proc/);
  });

  it('a covered /proc, as in containers: says what covers it', withMounts, async (t) => {
    const where = place(t, 'refusal');
    const result = await onChangedHost(where, 'mount -t tmpfs none /proc/acpi || mount -t tmpfs none /proc/sys', [
      'run',
      '--',
      'true',
    ]);
    assert.equal(result.status, 125);
    assert.match(result.stderr, /cannot mount proc on \/proc: parts of \/proc are covered \(\/proc\/(acpi|sys)\)/);
    assert.match(result.stderr, /hint: docker run --security-opt systempaths=unconfined/);
  });
});
