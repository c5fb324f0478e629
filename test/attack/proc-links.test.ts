/** A root file system that puts the kernel's files elsewhere: CVE-2019-19921, CVE-2023-27561, CVE-2025-31133, CVE-2025-52881. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { attack, canAttackWithRoot, rootFileSystem } from './attack.ts';

/** What shows whether a file of /proc is what the kernel has there. */
const PROBE = [
  'sh',
  '-c',
  'for f in /proc/kcore /proc/keys /elsewhere/kcore /elsewhere/keys; do [ -s $f ] && echo seen $f; done; ' +
    'for f in /proc/sys /elsewhere/sys; do echo 1 > $f/kernel/ns_last_pid && echo wrote $f; done; echo end',
];

describe('a root file system with a link in place of', canAttackWithRoot, () => {
  for (const place of ['/proc', '/sys']) {
    for (const to of ['/elsewhere', 'elsewhere', '/elsewhere/inner/..', '/dev', '/proc/self/root/elsewhere']) {
      test(`${place}, to ${to}, is refused`, async (t) => {
        const root = rootFileSystem(t);
        mkdirSync(`${root}/elsewhere/inner`, { recursive: true });
        writeFileSync(`${root}/elsewhere/kcore`, '');
        const words = ['--rootfs', root, '--user', 'root'];
        const whole = await attack(words, PROBE);
        assert.match(whole.stdout, /^end$/m, `the control starts: ${whole.stderr}`);
        assert.doesNotMatch(whole.stdout, /seen|wrote/);
        symlinkSync(to, `${root}${place}`);
        for (const profile of ['dev', 'strict']) {
          const { status, stdout, stderr } = await attack([...words, '--profile', profile], PROBE);
          if (place === '/sys' && profile === 'strict') {
            // Nothing of the kernel's is hidden there: what is shown was chosen, wherever it lies.
            assert.doesNotMatch(stdout, /seen|wrote/);
            continue;
          }
          assert.equal(status, 125, `${profile}: ${stdout}`);
          assert.match(stderr, /has a link or a file there/);
          assert.doesNotMatch(stdout, /end/);
        }
      });
    }
  }

  test('/dev/null and /dev/console covers nothing and reaches nothing', async (t) => {
    const root = rootFileSystem(t);
    mkdirSync(`${root}/dev/pts`, { recursive: true });
    for (const name of ['null', 'console']) symlinkSync('/proc/sys/kernel/core_pattern', `${root}/dev/${name}`);
    symlinkSync('/proc/sysrq-trigger', `${root}/dev/pts/0`);
    for (const words of [[], ['-t'], ['-t', '--profile', 'strict']]) {
      const { stdout, stderr } = await attack(
        ['--rootfs', root, '--user', 'root', ...words],
        [
          'sh',
          '-c',
          'cat /proc/kcore /proc/keys | busybox wc -c; echo evil > /dev/null; echo evil > /dev/console; busybox head -c 4 /proc/sys/kernel/core_pattern; echo end',
        ],
      );
      assert.match(stdout, /^0\r?$/m, stdout + stderr);
      assert.match(stdout, /end/);
      assert.doesNotMatch(stdout, /^evil.*end/m);
    }
    rmSync(`${root}/dev`, { recursive: true, force: true });
    assert.ok(!existsSync(`${root}/dev/null`));
  });
});
