import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { CANNOT_RUN_HERE, needs } from '../packages.ts';
import { makeInitrd, unpackKernel } from './kernel.ts';

/** Which Debian a machine runs: bookworm has kernel 6.1, trixie 6.12. */
export interface Kind {
  readonly arch: 'amd64' | 'arm64';
  readonly suite: 'bookworm' | 'trixie';
}

export const NATIVE: Kind['arch'] = process.arch === 'arm64' ? 'arm64' : 'amd64';
export const DEFAULT_KIND: Kind = { arch: NATIVE, suite: 'bookworm' };

/** What the guest's files and the tests of the repository use; mmdebstrap brings the essential packages, Perl too. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'dbus-user-session', 'libpam-systemd', 'udev', 'kmod', 'openssh-server'],
  ...['iproute2', 'procps', 'uidmap', 'apparmor', 'ca-certificates', 'busybox-static', 'strace'],
  ...['python3', 'libstdc++6', 'libatomic1'],
];
const TOOLS = ['mmdebstrap', 'mke2fs', 'ssh', 'ssh-keygen', 'cpio', 'depmod', 'modprobe', 'setpriv', 'zstd', 'xz'];
const RECIPE = ['image.ts', 'kernel.ts', 'guest'];

const here = import.meta.dirname;
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sandbox-test-vm');

function contentOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [basename(path), readFileSync(path, 'utf8')];
  return readdirSync(path)
    .sort()
    .flatMap((name) => contentOf(join(path, name)));
}

/** The directory of a kind's image, by what it is made from. */
function place({ arch, suite }: Kind): string {
  const recipe = RECIPE.flatMap((name) => contentOf(join(here, name)));
  const hash = createHash('sha256')
    .update(JSON.stringify([arch, suite, ...recipe]))
    .digest('hex');
  return join(cache, `${arch}-${suite}-${hash.slice(0, 16)}`);
}

/** A reason to skip where no machine of a kind can be had. */
export function needsImage(kind: Kind): string | false {
  const qemu = kind.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
  const missing = needs(qemu, ...TOOLS);
  if (missing !== false) return missing;
  if (existsSync(place(kind)) || process.getuid?.() === 0) return false;
  return `${CANNOT_RUN_HERE}needs root to make the image of a virtual machine, once: sudo npm run test:vm`;
}

/**
 * Gives the directory of the image, and makes it first where it is not there: `rootfs.img` (ext4), `vmlinuz`,
 * `initrd.img` and the `key` that logs in as root, dev and bare. Takes a minute, needs root and a Debian mirror.
 */
export function makeImage(kind: Kind): string {
  const directory = place(kind);
  if (existsSync(directory)) return directory;
  process.stderr.write(`making the image of the test machine (${kind.arch}, ${kind.suite}) in ${directory}\n`);
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'making-'));
  try {
    const root = join(work, 'root');
    bootstrap(kind, work, root);
    finish(root);
    const version = unpackKernel(kind.arch, work, root);
    makeInitrd(version, work, root);
    makeDisk(root, join(work, 'rootfs.img'));
    for (const name of ['root', 'over', 'kernel', 'initrd']) rmSync(join(work, name), { recursive: true, force: true });
    for (const name of readdirSync(cache)) {
      // Images of older recipes.
      if (name.startsWith(`${kind.arch}-${kind.suite}-`)) rmSync(join(cache, name), { recursive: true, force: true });
    }
    renameSync(work, directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return directory;
}

/** mmdebstrap(1) with the files of `guest` laid over it, set up by guest/set-up-root.sh. */
function bootstrap({ arch, suite }: Kind, work: string, root: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'sandbox-test-vm', '-f', join(work, 'key')]);
  cpSync(join(here, 'guest/root'), join(work, 'over'), { recursive: true });
  cpSync(join(work, 'key.pub'), join(work, 'over/tmp/key.pub'));
  const hooks = [
    'cp -r "$WORK/over/." "$1/"',
    'chroot "$1" sh -es <"$GUEST/set-up-root.sh"',
    // The kernel is unpacked, not installed: its package wants initramfs-tools, and our initrd is quicker.
    'sh -es "$1" <"$GUEST/fetch-kernel.sh"',
  ];
  const without = ['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  execFileSync(
    'mmdebstrap',
    [
      ...['--quiet', '--mode=root', `--arch=${arch}`, '--variant=minbase', `--include=${PACKAGES.join(',')}`],
      ...without,
      '--aptopt=Acquire::Languages "none"',
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      suite,
      root,
    ],
    {
      env: { ...process.env, WORK: work, GUEST: join(here, 'guest'), KERNEL: `linux-image-${arch}` },
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 20 * 60_000,
    },
  );
}

/** mmdebstrap empties both when it ends. */
function finish(root: string): void {
  const id = readFileSync('/proc/sys/kernel/random/uuid', 'utf8').replaceAll('-', '');
  writeFileSync(join(root, 'etc/machine-id'), id);
  writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 10.0.2.3\n');
}

function makeDisk(root: string, path: string): void {
  writeFileSync(path, '');
  truncateSync(path, 8 * 1024 ** 3);
  const quick = 'lazy_itable_init=1,lazy_journal_init=1';
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-m', '0', '-E', quick, '-d', root, path]);
}
