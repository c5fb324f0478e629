import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  asRootInside,
  insideImage,
  madeLayers,
  type Place,
  place,
  skipped,
  skippedWithoutFuse,
} from '../e2e/drivers/support/image-sandbox.ts';
import { runAs } from '../support/user.ts';

/*
 * What layers can say to overlayfs and to fuse-overlayfs in extended attributes. The unpacker drops these; here they are, as
 * if it had not. Documentation/filesystems/overlayfs.rst: "redirect_dir", "metacopy", "index".
 */

const SECRET = 'this is outside of every layer';
const DRIVERS = ['native', 'fuse-overlayfs', 'copy'] as const;
const skip = (driver: (typeof DRIVERS)[number]) =>
  driver === 'fuse-overlayfs' ? skippedWithoutFuse('subordinate') : skipped('subordinate');

/** Python for the topmost layer of `make_layers.py`: `at(PATH)` is a path in it, `mark(PATH, NAME, VALUE)` sets an attribute. */
async function plant({ user, directory }: Place, layers: readonly string[], script: string): Promise<void> {
  writeFileSync(`${directory}/secret`, SECRET, { mode: 0o644 });
  const prelude = `
import os
top, secret, up = ${JSON.stringify(layers[0])}, ${JSON.stringify(`${directory}/secret`)}, '../' * 20
at = lambda path: top + '/' + path
def mark(path, name, value): os.setxattr(at(path), 'user.' + name, value.encode() if isinstance(value, str) else value)
`;
  const { status, stderr } = await runAs(user, [...asRootInside('subordinate'), 'python3', '-c', prelude + script]);
  assert.equal(status, 0, stderr);
}

/** Reads all that is there, whatever fails, and says what of it is the secret; nothing, if all is well. */
const READ_ALL = `
import os
for folder, names, files in os.walk('/'):
    if folder.startswith(('/proc', '/sys', '/usr', '/dev', '/script')): continue
    for name in files + names:
        path = os.path.join(folder, name)
        try:
            # Not to wait for somebody to write to the FIFO.
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 'rb') as file:
                if b'outside of every layer' in file.read(): print('read', path)
        except OSError: pass
        try:
            if 'secret' in os.listdir(path): print('listed', path)
        except OSError: pass
print('done')
`;

const readAll = (where: Place, layers: readonly string[], driver: (typeof DRIVERS)[number]) =>
  insideImage(where, { layers, driver }, `python3 -c "${READ_ALL.replaceAll('"', '\\"')}"`);

for (const driver of DRIVERS) {
  describe(`${driver}`, () => {
    test('a redirect of a directory leads nowhere', { skip: skip(driver) }, async (t) => {
      const where = place(t, 'subordinate');
      const layers = await madeLayers(where);
      await plant(
        where,
        layers,
        `
for number, target in enumerate((up + os.path.dirname(secret), os.path.dirname(secret), '/merged', up)):
    for prefix in ('overlay', 'fuseoverlayfs'):
        os.mkdir(at(f'redirected-{number}-{prefix}'))
        mark(f'redirected-{number}-{prefix}', prefix + '.redirect', target)
`,
      );
      assert.equal(await readAll(where, layers, driver), 'done\n');
      const script = 'ls /redirected-2-overlay 2>&1; ls /redirected-2-fuseoverlayfs 2>&1; true';
      const shown = await insideImage(where, { layers, driver }, script);
      assert.doesNotMatch(
        shown,
        /below|middle|deep/,
        'what another directory of the layers has is not shown here either',
      );
    });

    test('a file without content of its own gets none', { skip: skip(driver) }, async (t) => {
      const where = place(t, 'subordinate');
      const layers = await madeLayers(where);
      await plant(
        where,
        layers,
        `
for number, target in enumerate((up + secret, secret, '/data/kept')):
    for prefix in ('overlay', 'fuseoverlayfs'):
        name = f'borrowed-{number}-{prefix}'
        open(at(name), 'w').close()
        mark(name, prefix + '.metacopy', b'')
        mark(name, prefix + '.redirect', target)
`,
      );
      assert.equal(await readAll(where, layers, driver), 'done\n');
      const script = 'cat /borrowed-2-overlay /borrowed-2-fuseoverlayfs 2>/dev/null; true';
      assert.doesNotMatch(await insideImage(where, { layers, driver }, script), /base/);
    });

    test('forged origins, indexes, link counts and owners do nothing', { skip: skip(driver) }, async (t) => {
      const where = place(t, 'subordinate');
      const layers = await madeLayers(where);
      await plant(
        where,
        layers,
        `
handle = bytes.fromhex('00fb1d0001') + b'\\0' * 24
for name in ('origin', 'upper', 'nlink', 'impure', 'protattr', 'whiteout', 'uuid'):
    open(at('forged-' + name), 'w').write('own content')
    os.chmod(at('forged-' + name), 0o644)
    mark('forged-' + name, 'overlay.' + name, handle)
open(at('forged-stat'), 'w').write('own content')
mark('forged-stat', 'fuseoverlayfs.override_stat', '0:0:0104755')
mark('forged-stat', 'containers.override_stat', '0:0:0104755')
mark('forged-stat', 'fuseoverlayfs.origin', up + secret)
`,
      );
      assert.equal(await readAll(where, layers, driver), 'done\n');
      const script =
        'cat /forged-origin /forged-upper /forged-nlink /forged-stat; stat -c %a /forged-stat /forged-origin';
      const shown = await insideImage(where, { layers, driver }, script);
      assert.equal(shown, `${'own content'.repeat(4)}644\n644\n`);
    });

    test('links to the host lead to where they do inside, also for what the sandbox makes', {
      skip: skip(driver),
    }, async (t) => {
      const where = place(t, 'subordinate');
      const layers = await madeLayers(where);
      await plant(
        where,
        layers,
        `
os.makedirs(at('etc'), exist_ok=True)
for name in ('etc/hosts', 'etc/hostname', 'etc/resolv.conf', 'plain'):
    os.symlink(secret, at(name))
os.symlink(os.path.dirname(secret), at('whole-directory'))
`,
      );
      assert.equal(await readAll(where, layers, driver), 'done\n');
      const { stdout } = await runAs(where.user, ['cat', `${where.directory}/secret`]);
      assert.equal(stdout, SECRET, 'nothing was written through a link');
    });
  });
}

/** What a process inside can reach of the one that serves the file system, which sees the host. */
const REACH = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
servers = [pid for pid in os.listdir('/proc') if pid.isdigit() and open('/proc/' + pid + '/comm').read() == 'fuse-overlayfs\\n']
print('servers', len(servers))
for pid in servers:
    for name in ('root', 'cwd', 'fd', 'map_files', 'task/' + pid + '/root', 'ns'):
        try: print(name, [os.path.realpath('/proc/%s/%s/%s' % (pid, name, x)) for x in os.listdir('/proc/%s/%s' % (pid, name))][:0], 'REACHED') if name != 'ns' else None
        except OSError as error: print(name, 'refused', error.strerror)
    for name in ('mem', 'environ', 'maps', 'exe'):
        try: open('/proc/%s/%s' % (pid, name), 'rb').read(1); print(name, 'REACHED')
        except OSError as error: print(name, 'refused', error.strerror)
    if libc.ptrace(16, int(pid), 0, 0) == 0: print('ptrace REACHED')
    for kind in ('mnt', 'user', 'pid'):
        try: libc.setns(os.open('/proc/%s/ns/%s' % (pid, kind), os.O_RDONLY), 0) == 0 and print(kind, 'REACHED')
        except OSError as error: print(kind, 'refused')
    if libc.syscall(434, int(pid), 0) > 2 and libc.syscall(438, libc.syscall(434, int(pid), 0), 3, 0) >= 0: print('pidfd_getfd REACHED')
`;

for (const uid of [0, 1000]) {
  test(`uid ${uid} inside cannot get at the server of the file system`, { skip: skip('fuse-overlayfs') }, async (t) => {
    const where = place(t, 'subordinate');
    const layers = await madeLayers(where);
    writeFileSync(`${where.directory}/reach.py`, REACH);
    const volumes = [
      { source: '/usr', destination: '/usr', access: 'ro' },
      { source: where.directory, destination: '/script', access: 'ro' },
    ] as const;
    const script = 'exec python3 /script/reach.py';
    const shown = await insideImage(where, { layers, driver: 'fuse-overlayfs', uid, spec: { volumes } }, script);
    assert.match(shown, /^servers 1$/m);
    assert.match(shown, /^root refused/m);
    assert.doesNotMatch(shown, /REACHED/);
  });
}
