import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onChangedHost, withMounts } from './support/mount-namespace.ts';
import { type Place, place } from './support/place.ts';

const AS_ROOT = [
  'run',
  '--user',
  'root',
  '--',
  'sh',
  '-c',
  'id -u; touch /usr/made; chown 7:7 /usr/made && echo changed',
];

/** Files as the script leaves them: everything else of the host is as it is. */
function replaced(path: string, content: string): string {
  return `file=$(mktemp); printf '%s' '${content}' > "$file"; chmod 644 "$file"; mount --bind "$file" ${path}; rm "$file"\n`;
}

/** Root of a sandbox with one id only: owners cannot change, and seem to. */
async function assertEmulated(where: Place, script: string): Promise<void> {
  const result = await onChangedHost(where, script, AS_ROOT);
  assert.deepEqual([result.status, result.stdout], [0, '0\nchanged\n'], result.stderr);
}

describe('subordinate ids', withMounts, () => {
  it('are mapped where there are some: owners change indeed', async (t) => {
    const where = place(t, 'ids');
    const script = 'touch /usr/made; chown 7:8 /usr/made; stat -c %u:%g /usr/made; cat /proc/self/uid_map | wc -l';
    const result = await onChangedHost(where, '', ['run', '--user', 'root', '--', 'sh', '-c', script]);
    assert.deepEqual([result.status, result.stdout], [0, '7:8\n2\n'], result.stderr);
  });

  it('without newuidmap: root has one id, and is emulated', async (t) => {
    await assertEmulated(
      place(t, 'ids'),
      'for name in newuidmap newgidmap; do mount --bind /dev/null /usr/bin/$name; done',
    );
  });

  it('without a line in /etc/subuid or in /etc/subgid: the same', async (t) => {
    await assertEmulated(place(t, 'ids'), replaced('/etc/subuid', 'somebody:100000:65536\n'));
    await assertEmulated(place(t, 'ids'), replaced('/etc/subgid', ''));
  });

  it('in an account that has none: the same', async (t) => {
    await assertEmulated(place(t, 'ids', 'bare'), '');
  });

  it('only ten of them: those exist, and the next does not', async (t) => {
    const where = place(t, 'ids');
    const line = `${where.user.name}:300000:10\n`;
    const script = replaced('/etc/subuid', line) + replaced('/etc/subgid', line);
    const command =
      'touch /usr/made; chown 10:10 /usr/made && stat -c %u /usr/made; chown 11 /usr/made || echo refused';
    const result = await onChangedHost(where, script, ['run', '--user', 'root', '--', 'sh', '-c', command]);
    assert.deepEqual([result.status, result.stdout], [0, '10\nrefused\n'], result.stderr);
    assert.match(result.stderr, /Invalid argument/);
  });

  it('that newuidmap refuses: tells what it said, and what to look at', async (t) => {
    const where = place(t, 'ids');
    const powerless =
      'copy=$(mktemp); cp /usr/bin/newuidmap "$copy"; chmod 755 "$copy"; mount --bind "$copy" /usr/bin/newuidmap; rm "$copy"';
    const result = await onChangedHost(where, powerless, AS_ROOT);
    assert.equal(result.status, 125);
    assert.match(result.stderr, /newuidmap: write to uid_map failed: Operation not permitted/);
    assert.match(result.stderr, /cannot create the namespaces.*newuidmap or newgidmap refused the subordinate ids/);
    assert.match(result.stderr, /hint: they must be set-uid root/);
  });

  it('that the file gives and the kernel does not know as ours: the same', async (t) => {
    const where = place(t, 'ids');
    // newuidmap reads the same file; a range that is not a number of ids is no range.
    const script = replaced('/etc/subuid', `${where.user.name}:0:65536\n`);
    const result = await onChangedHost(where, script, AS_ROOT);
    assert.equal(result.status, 125, result.stdout);
    assert.match(result.stderr, /newuidmap or newgidmap refused/);
  });
});
