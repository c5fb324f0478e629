/** A root file system that is made to lead whoever sets it up, or looks something up in it, to files of the host. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sandbox } from '../support/user.ts';
import { attacker, canAttackWithRoot, giveTo, rootFileSystem, treasure } from './attack.ts';

/** Ends what hangs: in an emulated machine a single start takes half a minute. */
const PATIENCE = 180_000;

/** Ways to write a symbolic link to a path of the host. */
const ROUTES: Record<string, (path: string) => string> = {
  'an absolute link': (path) => path,
  'a chain of ..': (path) => `../../../../../../../../../..${path}`,
  'the root of a process': (path) => `/proc/self/root${path}`,
  'the directory that an open file stands for': (path) => `/proc/self/fd/3/../../../../../../..${path}`,
};

const PLACES = [
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/etc',
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/tmp',
  '/data',
  '/data/deep',
  '/work',
];

describe('a link in a root file system leads to nothing of the host', canAttackWithRoot, () => {
  for (const [route, to] of Object.entries(ROUTES)) {
    test(route, async (t) => {
      const user = attacker();
      for (const place of PLACES) {
        const outside = treasure(t);
        const root = rootFileSystem(t);
        const file = /hosts$|hostname$|conf$/.test(place);
        if (place === '/data/deep') mkdirSync(`${root}/data`);
        rmSync(`${root}${place}`, { recursive: true, force: true });
        const target = file ? `${outside.path}/${place.split('/').pop()}` : outside.path;
        symlinkSync(to(target), `${root}${place}`);
        giveTo(user, root);
        const words = ['run', '--rootfs', root, '--workspace', 'none', '--network', 'none', '--tmpfs', '/work/memory'];
        const volume = ['-v', `${outside.path}/bin:${place === '/data/deep' ? '/data/deep/x' : '/data'}`];
        const script = `find /etc /tmp /data /work /run -type f -exec grep -s ${outside.secret} {} +; echo pwned > ${place}/pwned; echo pwned > ${place}; echo done`;
        const result = await sandbox(user, [...words, ...volume, '--', 'sh', '-c', script], { timeout: PATIENCE });
        outside.untouched();
        assert.ok(!result.stdout.includes(outside.secret), `${place}: ${result.stdout}`);
        // Either the sandbox is refused, naming the step, or it runs with a place of its own there.
        assert.ok(
          result.status === 125 ? /^sandbox: /.test(result.stderr) : result.stdout.includes('done'),
          `${place}: ${result.status} ${result.stderr}`,
        );
      }
    });
  }

  test('a table of users that leads to the host is not read', async (t) => {
    const user = attacker();
    for (const place of ['/etc', '/etc/passwd']) {
      const outside = treasure(t);
      const root = rootFileSystem(t);
      rmSync(`${root}${place}`, { recursive: true, force: true });
      symlinkSync(place === '/etc' ? outside.path : `${outside.path}/passwd`, `${root}${place}`);
      giveTo(user, root);
      const result = await sandbox(user, [
        'run',
        '--rootfs',
        root,
        '--workspace',
        'none',
        '--user',
        'evil',
        '--',
        'id',
        '-u',
      ]);
      assert.equal(result.status, 125, `${place}: ${result.stdout}${result.stderr}`);
      assert.doesNotMatch(result.stdout + result.stderr, /4242/);
    }
  });

  test('a table of users that never ends is not read either', async (t) => {
    const user = attacker();
    for (const make of [
      (path: string) => symlinkSync('/dev/zero', path),
      (path: string) => execFileSync('mkfifo', [path]),
    ]) {
      const root = rootFileSystem(t);
      make(`${root}/etc/passwd`);
      giveTo(user, root);
      const words = ['run', '--rootfs', root, '--workspace', 'none'];
      const result = await sandbox(user, [...words, '--', 'echo', 'fine'], { timeout: PATIENCE });
      assert.deepEqual([result.status, result.stdout], [0, 'fine\n'], result.stderr);
      const named = await sandbox(user, [...words, '--user', 'evil', '--', 'id'], { timeout: PATIENCE });
      assert.equal(named.status, 125, named.stderr);
    }
  });

  test('a command that is the launcher itself starts nothing and changes nothing (CVE-2019-5736)', async (t) => {
    const user = attacker();
    const root = rootFileSystem(t);
    symlinkSync('/proc/self/exe', `${root}/bin/evil`);
    giveTo(user, root);
    const result = await sandbox(user, ['run', '--rootfs', root, '--workspace', 'none', '--', 'evil']);
    assert.notEqual(result.status, 0);
    const again = await sandbox(user, ['run', '--rootfs', root, '--workspace', 'none', '--', 'echo', 'fine']);
    assert.equal(again.stdout, 'fine\n');
  });
});
