import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Modules that a virtual machine has no use for. */
const UNUSED = ['gpu', 'media', 'infiniband', 'scsi', 'staging', 'iio', 'usb', 'isdn', 'net/wireless', 'net/ethernet'];
/** How a packed kernel begins inside its wrapper, and what unpacks it. */
const PACKED = [
  { magic: Buffer.from('fd377a585a00', 'hex'), program: 'xz' },
  { magic: Buffer.from('28b52ffd', 'hex'), program: 'zstd' },
] as const;
const ELF = Buffer.from('7f454c46', 'hex');

/** Unpacks the kernel's package: its modules into `root`, itself to `vmlinuz` in `work`. Gives its version. */
export function unpackKernel(arch: 'amd64' | 'arm64', work: string, root: string): string {
  const at = join(work, 'kernel');
  const [archive] = readdirSync(work).filter((name) => name.startsWith('linux-image-'));
  if (archive === undefined) throw new Error('no kernel package was fetched');
  execFileSync('dpkg-deb', ['-x', join(work, archive), at]);
  const version = readdirSync(join(at, 'boot'))
    .find((name) => name.startsWith('vmlinuz-'))
    ?.slice('vmlinuz-'.length);
  if (version === undefined) throw new Error(`${archive} has no kernel`);
  const kernel = readFileSync(join(at, 'boot', `vmlinuz-${version}`));
  writeFileSync(join(work, 'vmlinuz'), arch === 'amd64' ? unpacked(kernel) : kernel);
  const modules = ['lib', 'usr/lib'].map((lib) => join(at, lib, 'modules', version)).find((path) => existsSync(path));
  if (modules === undefined) throw new Error(`${archive} has no modules`);
  const unused = [...UNUSED.map((name) => join(modules, 'kernel/drivers', name)), join(modules, 'kernel/sound')];
  cpSync(modules, join(root, 'usr/lib/modules', version), {
    recursive: true,
    filter: (path) => !unused.includes(path),
    verbatimSymlinks: true,
  });
  cpSync(join(at, 'boot', `config-${version}`), join(root, 'boot', `config-${version}`));
  execFileSync('depmod', ['-b', root, version]);
  return version;
}

/** qemu takes an x86 kernel unpacked too; under emulation unpacking takes four seconds of every boot. */
function unpacked(kernel: Buffer): Buffer {
  for (const { magic, program } of PACKED) {
    const at = kernel.indexOf(magic);
    if (at === -1) continue;
    // More follows the packed part: the program complains, after it has written all.
    const { stdout } = spawnSync(program, ['-qdc'], { input: kernel.subarray(at), maxBuffer: 1024 ** 3 });
    if (stdout.subarray(0, 4).equals(ELF)) return stdout;
  }
  return kernel;
}

/** busybox, the modules for an ext4 on a virtio disk, and an init that goes there. */
export function makeInitrd(version: string, work: string, root: string): void {
  const at = join(work, 'initrd');
  for (const name of ['bin', 'modules', 'dev', 'proc', 'new']) mkdirSync(join(at, name), { recursive: true });
  cpSync(join(root, 'bin/busybox'), join(at, 'bin/busybox'));
  cpSync(join(import.meta.dirname, 'guest/initrd-init.sh'), join(at, 'init'));
  chmodSync(join(at, 'init'), 0o755);
  modulesFor(['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'], version, root).forEach((path, index) => {
    const name = `${10 + index}-${basename(path)}`;
    writeFileSync(join(at, 'modules', name.replace(/\.(xz|zst)$/, '')), moduleContent(path));
  });
  const names = execFileSync('find', ['.'], { cwd: at });
  const cpio = execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], { cwd: at, input: names, maxBuffer: 1024 ** 3 });
  writeFileSync(join(work, 'initrd.img'), cpio);
}

/** The files of modules and of what they depend on, in the order in which they are to be loaded. */
function modulesFor(names: readonly string[], version: string, root: string): string[] {
  const lines = names.flatMap((name) => {
    const { stdout } = spawnSync('modprobe', ['-d', root, '-S', version, '--show-depends', name], { encoding: 'utf8' });
    return stdout.split('\n');
  });
  return [...new Set(lines.flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []))];
}

function moduleContent(path: string): Buffer {
  if (path.endsWith('.xz')) return execFileSync('xz', ['-dc', path], { maxBuffer: 1024 ** 3 });
  if (path.endsWith('.zst')) return execFileSync('zstd', ['-qdc', path], { maxBuffer: 1024 ** 3 });
  return readFileSync(path);
}
