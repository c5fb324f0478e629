import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assertNothingLeft, snapshot } from './support/leftovers.ts';
import { onChangedHost, withMounts } from './support/mount-namespace.ts';
import { at, ordinary, place } from './support/place.ts';

const DATA = '"$(dirname "$STORE")"';

/** Nobody should see a stack, or a message without a way out. */
function assertTold(result: { status: number | null; stdout: string; stderr: string }, message: RegExp): void {
  assert.equal(result.status, 125, result.stdout + result.stderr);
  assert.equal(result.stdout, '');
  assert.match(result.stderr, message);
  assert.match(result.stderr, /\n {2}hint: /);
  assert.doesNotMatch(result.stderr, /unexpected failure/);
}

describe('the store', () => {
  it('in a home that is missing or not writable: names it, and another way', ordinary, async (t) => {
    const where = place(t, 'store');
    assertTold(
      await at({ ...where, env: {} }, ['run', '--', 'true'], { env: { HOME: '/nonexistent' } }),
      /\/nonexistent\/\.local.*\((EACCES|ENOENT)\)|\/nonexistent\/\.local.*EACCES/,
    );
    assertTold(await at(where, ['run', '--', 'true'], { env: { XDG_DATA_HOME: '/usr' } }), /\/usr\/sandbox.*EACCES/);
    assertTold(
      await at(where, ['run', '--', 'true'], { env: { XDG_DATA_HOME: '/etc/passwd' } }),
      /\/etc\/passwd\/sandbox.*ENOTDIR/,
    );
  });

  it('on a file system that is read-only: names it, before and after it was prepared', withMounts, async (t) => {
    const where = place(t, 'store');
    const prepared = await at(where, ['run', '--', 'echo', 'well']);
    assert.equal(prepared.stdout, 'well\n', prepared.stderr);
    // What others were about to remove at that moment stays where it is, and is not what is complained of.
    const garbage = `${where.store}/trash/garbage`;
    mkdirSync(garbage, { recursive: true });
    chownSync(garbage, where.user.uid, where.user.gid);
    const readOnly = `mount --bind ${DATA} ${DATA}; mount -o remount,bind,ro ${DATA}`;
    assertTold(await onChangedHost(where, readOnly, ['run', '--', 'true']), /read-only|EROFS/);
    assertTold(await onChangedHost(where, readOnly, ['shell', '--name', 'new', '--', 'true']), /read-only|EROFS/);
    const empty = `mount -t tmpfs -o ro none ${DATA}`;
    assertTold(await onChangedHost(where, empty, ['run', '--', 'true']), /EROFS/);
    const after = await at(where, ['run', '--', 'echo', 'well']);
    assert.equal(after.stdout, 'well\n', after.stderr);
    assert.equal(existsSync(garbage), false);
  });

  it('on a file system that is full: names it, and leaves nothing half-made', withMounts, async (t) => {
    const where = place(t, 'store');
    const small = (options: string) => `mount -t tmpfs -o uid=${where.user.uid},${options} none ${DATA}`;
    assertTold(await onChangedHost(where, small('size=64k'), ['run', '--', 'true']), /full|ENOSPC/);
    assertTold(await onChangedHost(where, small('nr_inodes=40'), ['run', '--', 'true']), /full|ENOSPC/);
  });

  it('that becomes full after the image was prepared: names it', withMounts, async (t) => {
    const where = place(t, 'store');
    const copied = `copy=$(mktemp -d); cp -a ${DATA}/. "$copy"
      mount -t tmpfs -o uid=${where.user.uid},size=200m none ${DATA}; cp -a "$copy/." ${DATA}; rm -rf "$copy"
      head -c 300m /dev/zero > ${DATA}/rest 2>/dev/null || :`;
    const before = snapshot(where.store);
    await at(where, ['run', '--', 'true']);
    await assertNothingLeft(before);
    const result = await onChangedHost(where, copied, [
      'run',
      '--',
      'sh',
      '-c',
      'echo x > /etc/file; echo "status $?"',
    ]);
    if (result.status === 0) assert.match(result.stderr, /No space left|I\/O error/);
    else assertTold(result, /full|ENOSPC/);
  });

  it('with something else in the place of its directories: says so', ordinary, async (t) => {
    const where = place(t, 'store');
    const other = `${where.cwd}/data`;
    mkdirSync(other);
    mkdirSync(`${other}/sandbox`);
    for (const path of [other, `${other}/sandbox`]) chownSync(path, where.user.uid, where.user.gid);
    writeFileSync(`${other}/sandbox/runs`, '');
    assertTold(await at(where, ['run', '--', 'true'], { env: { XDG_DATA_HOME: other } }), /(EEXIST|ENOTDIR)/);
  });
});
