/** What published attacks on runc do in a root file system, each by its number: it is laid out before the sandbox starts. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { needs } from '../packages.ts';
import { Terminal } from '../support/terminal.ts';
import { type Result, runAs, sandbox, workDirectory } from '../support/user.ts';
import { attacker, canAttackWithRoot, giveTo, rootFileSystem, treasure } from './attack.ts';

const PROFILES = ['dev', 'strict'] as const;

interface Layout {
  readonly root: string;
  readonly outside: string;
  readonly fake: string;
}

interface Advisory {
  /** Makes the trap. */
  readonly lay: (layout: Layout) => void;
  readonly words?: (layout: Layout) => readonly string[];
  /** Run in it: what it says when it was led astray. */
  readonly script: string;
  readonly astray: RegExp;
}

const link = (root: string, path: string, to: string) => {
  rmSync(`${root}${path}`, { recursive: true, force: true });
  symlinkSync(to, `${root}${path}`);
};

/** The masks, as seen from inside: a device over a file, nothing in a directory, and no way to write. */
const LOOK = `for f in /proc/keys /proc/timer_list /proc/interrupts; do [ -e $f ] && [ ! -c $f ] && echo "bare $f"; done
  for d in /proc/acpi /proc/scsi /sys/firmware /sys/dev/block; do [ -d $d ] && [ -n "$(ls -A $d)" ] && echo "bare $d"; done
  grep -q . /proc/sys/kernel/ostype || echo "false /proc"; (echo 1 > /proc/sys/kernel/printk) 2>/dev/null && echo "written"; true`;
const BARE = /bare|false|written/;

const ADVISORIES: Readonly<Record<string, Advisory>> = {
  'CVE-2025-31133: /dev/null, which masks are made of, is a link': {
    lay: ({ root }) => {
      mkdirSync(`${root}/dev`);
      link(root, '/dev/null', '/proc/sys/kernel/core_pattern');
    },
    script: LOOK,
    astray: BARE,
  },
  'CVE-2025-31133: /dev/null is a file of its own': {
    lay: ({ root }) => {
      mkdirSync(`${root}/dev`);
      writeFileSync(`${root}/dev/null`, 'not empty');
    },
    script: `${LOOK}; cat /proc/keys`,
    astray: /bare|false|written|not empty/,
  },
  'CVE-2025-31133: /dev/null is gone': {
    lay: ({ root }) => mkdirSync(`${root}/dev`, { recursive: true }),
    script: LOOK,
    astray: BARE,
  },
  'CVE-2025-52565: /dev/console is a link to a file of the kernel': {
    lay: ({ root }) => {
      mkdirSync(`${root}/dev`);
      link(root, '/dev/console', '/proc/sys/kernel/core_pattern');
    },
    script: LOOK,
    astray: BARE,
  },
  'CVE-2025-52565: /dev/pts is a link to a file of the kernel': {
    lay: ({ root }) => {
      mkdirSync(`${root}/dev`);
      link(root, '/dev/pts', '/proc/sys');
    },
    script: LOOK,
    astray: BARE,
  },
  'CVE-2025-52881: /proc is a link, so writes to it go elsewhere': {
    lay: ({ root, fake }) => link(root, '/proc', fake),
    script: LOOK,
    astray: BARE,
  },
  'CVE-2025-52881: /proc/self is something else': {
    lay: ({ root }) => {
      mkdirSync(`${root}/proc/self`, { recursive: true });
      writeFileSync(`${root}/proc/self/uid_map`, '');
    },
    script: LOOK,
    astray: BARE,
  },
  'CVE-2019-19921: a volume over /proc': {
    lay: () => {},
    words: ({ fake }) => ['-v', `${fake}:/proc`],
    script: LOOK,
    astray: BARE,
  },
  'CVE-2019-16884: a volume over /proc, by the name of a directory above': {
    lay: () => {},
    words: ({ fake }) => ['-v', `${fake}:/etc/../proc/self`],
    script: `${LOOK}; [ -e /proc/self/fake ] && echo false`,
    astray: BARE,
  },
  'CVE-2023-27561: a volume over /proc, by a link of the image': {
    lay: ({ root }) => link(root, '/data', '/proc'),
    words: ({ fake }) => ['-v', `${fake}:/data`],
    script: `[ -e /proc/fake ] && echo false; ${LOOK}`,
    astray: BARE,
  },
  'CVE-2023-27561: a volume over /proc/sys, by a link of the image': {
    lay: ({ root }) => link(root, '/data', '/proc/sys'),
    words: ({ fake }) => ['-v', `${fake}:/data`],
    script: `[ -e /proc/sys/fake ] && echo false; ${LOOK}`,
    astray: BARE,
  },
  'CVE-2023-28642: /proc and /sys are links that lead to each other': {
    lay: ({ root }) => {
      link(root, '/proc', 'sys');
      link(root, '/sys', 'proc');
    },
    script: LOOK,
    astray: BARE,
  },
  'CVE-2021-30465: a volume on a link to the host': {
    lay: ({ root, outside }) => link(root, '/data', outside),
    words: ({ fake }) => ['-v', `${fake}:/data`],
    script: 'ls /data',
    astray: /hosts|resolv/,
  },
  'CVE-2024-45310: a directory for a volume is made beyond a link to the host': {
    lay: ({ root, outside }) => link(root, '/data', outside),
    words: ({ fake }) => ['-v', `${fake}:/data/made/by/sandbox`],
    script: 'ls /data',
    astray: /hosts|resolv/,
  },
  'CVE-2024-21626: the directory is a link to an open file': {
    lay: ({ root }) => link(root, '/data', '/proc/self/fd/7'),
    words: () => ['-w', '/data'],
    script: 'ls; ls ../../..',
    astray: /sandbox|runs|launchers/,
  },
  'CVE-2019-5736: the command is a link to the launcher': {
    lay: ({ root }) => {
      rmSync(`${root}/bin/sh`);
      symlinkSync('/proc/self/exe', `${root}/bin/sh`);
    },
    script: LOOK,
    astray: BARE,
  },
  'CVE-2019-5736: the command is a script of the launcher': {
    lay: ({ root }) => {
      rmSync(`${root}/bin/sh`);
      writeFileSync(`${root}/bin/sh`, '#!/proc/self/exe\n', { mode: 0o755 });
    },
    script: LOOK,
    astray: BARE,
  },
};

function place(t: Parameters<typeof treasure>[0], advisory: Advisory) {
  const user = attacker();
  const outside = treasure(t);
  const root = rootFileSystem(t);
  const fake = `${workDirectory(t, user)}/fake`;
  mkdirSync(`${fake}/self`, { recursive: true });
  writeFileSync(`${fake}/fake`, '');
  for (const name of ['uid_map', 'gid_map', 'setgroups']) writeFileSync(`${fake}/self/${name}`, '');
  const layout = { root, outside: outside.path, fake };
  advisory.lay(layout);
  giveTo(user, root);
  giveTo(user, fake);
  const words = ['run', '--rootfs', root, '--workspace', 'none', ...(advisory.words?.(layout) ?? [])];
  return { outside, words, fake, root };
}

/** It runs and sees what it may, or it is refused in so many words. */
function assertHeld({ status, stdout, stderr }: Result, astray: RegExp, what: string): void {
  assert.doesNotMatch(stdout, astray, what);
  assert.ok(status === 0 || /^sandbox: /m.test(stderr), `${what}: ${status} ${stdout}${stderr}`);
}

describe('root file systems that runc was led astray by', canAttackWithRoot, () => {
  test('although what is looked for is there where nothing is masked', { skip: needs('bwrap') }, async (t) => {
    const { words } = place(t, { lay: () => {}, script: '', astray: /^$/ });
    const root = words[2] ?? '';
    // A sandbox as bwrap is used: the kernel's files as they are, or a directory in place of them.
    const user = attacker();
    const open = await runAs(user, [
      'bwrap',
      '--bind',
      root,
      '/',
      '--ro-bind',
      '/proc',
      '/proc',
      '--ro-bind',
      '/sys',
      '/sys',
      'sh',
      '-c',
      LOOK,
    ]);
    assert.match(open.stdout, BARE, open.stderr);
  });

  for (const [name, advisory] of Object.entries(ADVISORIES)) {
    test(name, async (t) => {
      const { outside, words } = place(t, advisory);
      for (const profile of PROFILES) {
        const users = advisory.words ? [[], ['--user', '1000']] : [[]];
        for (const user of users) {
          const run = [...words, '--profile', profile, ...user, '--', 'sh', '-c', advisory.script];
          assertHeld(
            await sandbox(attacker(), run, { timeout: 30_000 }),
            advisory.astray,
            `${profile} ${user.join(' ')}`,
          );
        }
        outside.untouched();
      }
    });
  }

  for (const to of ['/proc/sys/kernel/printk', '/etc/passwd', '/dev/pts/ptmx']) {
    test(`CVE-2025-52565: with a terminal of its own, /dev/console is a link to ${to}`, async (t) => {
      const { outside, words } = place(t, {
        lay: ({ root }) => {
          mkdirSync(`${root}/dev`);
          link(root, '/dev/console', to);
        },
        script: '',
        astray: /^$/,
      });
      const script = `${LOOK}; tty < /dev/console | grep -q pts && echo "a terminal"; echo "all said"`;
      const terminal = await Terminal.open(t, attacker(), [
        attacker().sandbox,
        ...words,
        '-t',
        '--',
        'busybox',
        'sh',
        '-c',
        script,
      ]);
      await terminal.end();
      assert.doesNotMatch(terminal.shown, BARE);
      assert.match(terminal.shown, /all said|sandbox: /);
      outside.untouched();
    });
  }
});
