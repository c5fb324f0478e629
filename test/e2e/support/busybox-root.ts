import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type TestUser, workDirectory } from '../../support/user.ts';

const BUSYBOX = '/bin/busybox';
const DIRECTORIES = ['bin', 'etc', 'var', 'tmp', 'home', 'opt'];
const FILES = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n',
  'etc/group': 'root:x:0:\napp:x:1000:\nstaff:x:50:\n',
  'etc/os-release': 'ID=busybox-test\n',
  'bin/changeable': 'root file\n',
};

/**
 * Makes a small root file system of the account's own: busybox with all its names, two users, and nothing that a sandbox
 * could not make itself (no /proc, /dev, /sys, no /etc/hosts).
 */
export function busyboxRoot(t: TestContext, user: TestUser): string {
  const root = workDirectory(t, user);
  const own = (path: string, mode: number) => {
    chownSync(path, user.uid, user.gid);
    chmodSync(path, mode);
  };
  for (const name of DIRECTORIES) {
    mkdirSync(`${root}/${name}`);
    own(`${root}/${name}`, name === 'tmp' ? 0o1777 : 0o755);
  }
  copyFileSync(BUSYBOX, `${root}/bin/busybox`);
  own(`${root}/bin/busybox`, 0o755);
  for (const name of execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n')) {
    if (name !== '' && name !== 'busybox') symlinkSync('busybox', `${root}/bin/${name}`);
  }
  for (const [name, content] of Object.entries(FILES)) {
    writeFileSync(`${root}/${name}`, content);
    own(`${root}/${name}`, 0o644);
  }
  return root;
}

/** A symbolic link in such a root. */
export function plant(root: string, user: TestUser, name: string, target: string): void {
  symlinkSync(target, `${root}/${name}`);
  lchownSync(`${root}/${name}`, user.uid, user.gid);
}
