import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kind, makeImage, NATIVE } from './image.ts';
import { REPOSITORY } from './inside.ts';

export interface Booted {
  /** Holds `console`, `ssh-config`, the key and the connections. */
  readonly directory: string;
  readonly seconds: number;
  readonly accelerator: 'kvm' | 'tcg';
  stop(): Promise<void>;
}

export interface BootOptions {
  /** More words for the kernel's command line, as `sysctl.kernel.unprivileged_userns_clone=0`. */
  readonly kernelArguments?: readonly string[];
}

const LIMIT = 240;
const LIFE = '1h';
const PREFIX = 'sandbox-test-vm-';
const QEMU = {
  amd64: { program: 'qemu-system-x86_64', machine: 'q35', console: 'ttyS0', tcg: 'max' },
  arm64: { program: 'qemu-system-aarch64', machine: 'virt', console: 'ttyAMA0', tcg: 'max,pauth-impdef=on' },
} as const;

/** /dev/kvm alone is no proof: some hosts offer it without the processor's support, and it boots no plain kernel. */
function accelerator({ arch }: Kind): 'kvm' | 'tcg' {
  if (arch !== NATIVE) return 'tcg';
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  return arch === 'arm64' || /^flags.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'kvm' : 'tcg';
}

/** What a run left that was killed: the directories of processes that are no more. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}

function sshConfig(directory: string, port: number): string {
  return `Host machine
  HostName 127.0.0.1
  Port ${port}
  IdentityFile ${directory}/key
  ControlPath ${directory}/%r
  IdentitiesOnly yes
  BatchMode yes
  LogLevel ERROR
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  ServerAliveInterval 30
  # The quickest to emulate.
  KexAlgorithms ecdh-sha2-nistp256
`;
}

function qemuWords(kind: Kind, image: string, directory: string, port: number, more: readonly string[]): string[] {
  const { program, machine, console, tcg } = QEMU[kind.arch];
  const accel = accelerator(kind);
  const repository = join(import.meta.dirname, '../..');
  const append = `root=/dev/vda rw console=${console} quiet loglevel=3 panic=-1 net.ifnames=0 systemd.show_status=0
    random.trust_cpu=on vm.time=${Math.trunc(Date.now() / 1000)} vm.share=${REPOSITORY} ${more.join(' ')}`;
  return [
    ...[program, '-machine', machine, '-accel', accel === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', accel === 'kvm' ? 'host' : tcg, '-smp', '2', '-m', '1536M'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', `${image}/vmlinuz`, '-initrd', `${image}/initrd.img`, '-append', append.replace(/\s+/g, ' ')],
    ...['-drive', `file=${image}/rootfs.img,format=raw,if=none,id=d,snapshot=on,cache=unsafe,discard=unmap`],
    ...['-device', 'virtio-blk-pci,drive=d', '-device', 'virtio-rng-pci'],
    ...[
      '-netdev',
      `user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`,
      '-device',
      'virtio-net-pci,netdev=n,romfile=',
    ],
    ...['-fsdev', `local,id=f,path=${repository},security_model=none,multidevs=remap,readonly=on`],
    ...['-device', 'virtio-9p-pci,fsdev=f,mount_tag=share'],
    ...['-chardev', `file,id=c,path=${directory}/console`, '-serial', 'chardev:c'],
  ];
}

/**
 * qemu(1), which ends with this process even when that is killed (`setpriv --pdeathsig`, once for `timeout` and once for
 * what it starts), and after an hour in any case.
 */
function spawnQemu(words: readonly string[], directory: string): ChildProcess {
  const output = openSync(`${directory}/qemu.log`, 'w');
  const dying = (signal: string) => ['--pdeathsig', signal];
  const child = spawn(
    'setpriv',
    [...dying('TERM'), 'timeout', '-k', '5', LIFE, 'setpriv', ...dying('KILL'), ...words],
    { stdio: ['ignore', output, output], env: { ...process.env, TMPDIR: directory } },
  );
  child.unref();
  return child;
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function tail(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').slice(-2000) : '';
}

/** Boots a throw-away copy of the image (made first where it is not there) and returns when it takes logins. */
export async function boot(kind: Kind, { kernelArguments = [] }: BootOptions = {}): Promise<Booted> {
  const image = makeImage(kind);
  sweep();
  const directory = join(tmpdir(), `${PREFIX}${process.pid}`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  copyFileSync(`${image}/key`, `${directory}/key`);
  chmodSync(`${directory}/key`, 0o600);
  const port = await freePort();
  writeFileSync(`${directory}/ssh-config`, sshConfig(directory, port));

  const start = performance.now();
  const child = spawnQemu(qemuWords(kind, image, directory, port, kernelArguments), directory);
  const clean = () => {
    child.kill('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', clean);
  const seconds = () => (performance.now() - start) / 1000;
  while (!tail(`${directory}/console`).includes('VM-READY')) {
    if (ended(child) || seconds() > LIMIT) {
      const what = ended(child) ? 'ended while it started' : `took no logins for ${LIMIT} s`;
      throw new Error(`the test machine ${what}: ${tail(`${directory}/qemu.log`)}${tail(`${directory}/console`)}`);
    }
    await sleep(100);
  }
  const stop = async () => {
    // Its disk is thrown away: there is nothing to shut down.
    child.ref();
    const end = ended(child) ? undefined : new Promise((resolve) => child.once('exit', resolve));
    process.removeListener('exit', clean);
    clean();
    await end;
  };
  return { directory, seconds: seconds(), accelerator: accelerator(kind), stop };
}
