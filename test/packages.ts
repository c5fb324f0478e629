import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** The Debian packages that tests use, with what each gives. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  uidmap: ['newuidmap', 'newgidmap'],
  'qemu-user-static': ['qemu-aarch64-static'],
  'libc6-arm64-cross': ['/usr/aarch64-linux-gnu/lib/libc.so.6'],
  'libstdc++6-arm64-cross': ['/usr/aarch64-linux-gnu/lib/libstdc++.so.6'],
  'libgcc-s1-arm64-cross': ['/usr/aarch64-linux-gnu/lib/libgcc_s.so.1'],
  binutils: ['objdump', 'readelf', 'strip'],
  'binutils-aarch64-linux-gnu': ['aarch64-linux-gnu-objdump'],
  strace: ['strace'],
  zsh: ['zsh'],
  fish: ['fish'],
  tmux: ['tmux'],
  mmdebstrap: ['mmdebstrap'],
  bubblewrap: ['bwrap'],
  'busybox-static': ['busybox'],
  python3: ['python3'],
  'docker-registry': ['docker-registry'],
  skopeo: ['skopeo'],
  umoci: ['umoci'],
  podman: ['podman'],
  crun: ['crun'],
  'fuse-overlayfs': ['fuse-overlayfs'],
  'btrfs-progs': ['mkfs.btrfs'],
  zstd: ['zstd'],
  'oci-image-tool': ['oci-image-tool'],
  'qemu-system-x86': ['qemu-system-x86_64'],
  'openssh-client': ['ssh', 'ssh-keygen'],
  gpg: ['gpg'],
  'gpg-agent': ['gpg-agent'],
  'dbus-daemon': ['dbus-daemon'],
  'dbus-bin': ['dbus-send'],
  e2fsprogs: ['mke2fs'],
  kmod: ['depmod', 'modprobe'],
  cpio: ['cpio'],
  'xz-utils': ['xz'],
  'golang-github-containers-common': ['/usr/share/containers/seccomp.json'],
  'linux-libc-dev-armhf-cross': ['/usr/arm-linux-gnueabihf/include/asm/unistd.h'],
  gcc: ['gcc'],
  'libc6-dev': ['/usr/include/stdio.h'],
};

/** How a skip reason starts that may stand in a CI run too: the test could not have run on this machine. */
export const CANNOT_RUN_HERE = 'cannot run here: ';

/** A Debian arm64 root for `qemu-aarch64-static -L`: the C and C++ libraries. */
export const ARM64_ROOT = '/usr/aarch64-linux-gnu';

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

function isThere(thing: string): boolean {
  const candidates = thing.startsWith('/') ? [thing] : searchPath().map((directory) => join(directory, thing));
  return candidates.some((path) => {
    try {
      accessSync(path, thing.startsWith('/') ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function searchPath(): string[] {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].filter((directory) => directory !== '');
}

/**
 * For a test's `skip` option: false where all `things` (programs, or absolute paths) are there, otherwise the reason.
 * Where the test run could have installed them the reason does not excuse the test in CI.
 */
export function needs(...things: readonly string[]): string | false {
  const missing = things.filter((thing) => !isThere(thing));
  if (missing.length === 0) return false;
  const wanted = missing.map((thing) => {
    const [name] = Object.entries(PACKAGES).find(([, gives]) => gives.includes(thing)) ?? [];
    return name === undefined ? thing : `${thing} (Debian package ${name})`;
  });
  return `${canInstall() ? '' : CANNOT_RUN_HERE}needs ${wanted.join(', ')}`;
}

/** Installs the Debian packages that are missing, where this user may; elsewhere the tests that need them are skipped. */
export function installPackages(): void {
  if (!canInstall()) return;
  const missing = Object.entries(PACKAGES).filter(([, gives]) => !gives.every(isThere));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name);
  process.stdout.write(`installing Debian packages: ${names.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (error) {
    process.stdout.write(`apt-get install failed, tests that need these packages are skipped: ${String(error)}\n`);
  }
}
