/** System calls that reach far into the kernel, as who shall get out of a sandbox begins: each is refused before it runs. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { hostArch } from '../../src/linux/arch.ts';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { runAs, sandbox, workDirectory } from '../support/user.ts';
import { attacker, canAttack } from './attack.ts';
import { attackMatrix, type Row } from './matrix.ts';

const CLONE = { user: 0x1000_0000, mounts: 0x2_0000, network: 0x4000_0000 } as const;
const SIGCHLD = 17;
const REFUSAL = /^(EPERM|ENOSYS)$/;

/** What everybody may do outside, and `dev` lets through like podman. */
const outside = (attack: string): Row => ({ attack, control: 'outside', holds: 'strict' });
/** What everybody may do outside, and no sandbox lets through. */
const everywhere = (attack: string): Row => ({ attack, control: 'outside' });

/** With a process to act on, which is ended. */
const onChild = (attack: string): string =>
  `my $child = fork; if (!$child) { sleep 20; exit 0 } my $value = do { ${attack} }; my $no = $!; kill KILL => $child; waitpid $child, 0; $! = $no; $value`;

attackMatrix(
  'namespaces cannot be nested',
  {
    'a user namespace by unshare': outside(`call(nr_unshare, ${CLONE.user})`),
    'a user namespace by clone': outside(
      `my $pid = call(nr_clone, ${CLONE.user | SIGCHLD}, 0, 0, 0, 0); exit 0 if $pid == 0; $pid`,
    ),
    'a user namespace by clone3': outside(
      `my $args = pack 'Q8', ${CLONE.user}, 0, 0, 0, ${SIGCHLD}, 0, 0, 0; my $pid = call(nr_clone3, $args, 64); exit 0 if $pid == 0; $pid`,
    ),
    'a mount namespace, for its mounts': outside(`call(nr_unshare, ${CLONE.user | CLONE.mounts}) == 0 or return undef;
      call(nr_mount, 'x', '/tmp', 'tmpfs', 0, '')`),
    'the parameters of a new file system (CVE-2022-0185)': outside(
      `call(nr_unshare, ${CLONE.user | CLONE.mounts}) == 0 or return undef;
      my $f = call(nr_fsopen, 'tmpfs', 0); return undef if $f < 0; call(nr_fsconfig, $f, 1, 'size', '1m', 0)`,
    ),
    'a network namespace, for its packets':
      outside(`call(nr_unshare, ${CLONE.user | CLONE.network}) == 0 or return undef;
      call(nr_socket, 17, 3, 0)`),
    'a network namespace, for raw sockets':
      outside(`call(nr_unshare, ${CLONE.user | CLONE.network}) == 0 or return undef;
      call(nr_socket, 2, 3, 255)`),
  },
  { refusal: REFUSAL },
);

attackMatrix(
  'no keyring of the login session',
  {
    'its number': everywhere(`call(nr_keyctl, 0, -3, 1)`),
    'its description': everywhere(`my $text = ' ' x 256; call(nr_keyctl, 6, -3, $text, 256)`),
    'a key in it': everywhere(`call(nr_add_key, 'user', 'sandbox-test', 'x', 1, -3)`),
    'a key of it': everywhere(
      `my $key = call(nr_add_key, 'user', 'sandbox-test', 'x', 1, -2); call(nr_request_key, 'user', 'sandbox-test', 0, -2)`,
    ),
  },
  { refusal: REFUSAL },
);

attackMatrix(
  'no sockets but those of programs that mean well',
  {
    'to the hypervisor (AF_VSOCK)': outside(`call(nr_socket, 40, 1, 0)`),
    'to the hypervisor, behind a word that the kernel does not read': outside(`call(nr_socket, 0x1_0000_0028, 1, 0)`),
    'to parts of the kernel by their names (NETLINK_GENERIC)': outside(`call(nr_socket, 16, 3, 16)`),
    'to the sockets of others (NETLINK_SOCK_DIAG)': outside(`call(nr_socket, 16, 3, 4)`),
    'to the devices (NETLINK_KOBJECT_UEVENT)': outside(`call(nr_socket, 16, 3, 15)`),
    'packets (AF_PACKET)': { attack: `call(nr_socket, 17, 3, 0)`, control: 'namespace' },
    'raw, for ICMP': { attack: `call(nr_socket, 2, 3, 1)`, control: 'namespace' },
    'raw, with flags in the type': { attack: `call(nr_socket, 10, 3 | 02004000, 58)`, control: 'namespace' },
  },
  { refusal: REFUSAL },
);

attackMatrix(
  'other processes stay their own',
  {
    'reading their memory': outside(
      onChild(`open my $maps, '<', '/proc/self/maps'; my ($at) = <$maps> =~ /^(\\w+)/; my $copy = ' ' x 64;
      my $local = pack 'PQ', $copy, 64; my $remote = pack 'QQ', hex $at, 64; call(nr_process_vm_readv, $child, $local, 1, $remote, 1, 0)`),
    ),
    'writing their memory': outside(
      onChild(`open my $maps, '<', '/proc/self/maps'; my ($at) = map { /^(\\w+)-\\w+ rw/ ? hex $1 : () } <$maps>;
      my $same = pack 'QQ', $at, 8; call(nr_process_vm_writev, $child, $same, 1, $same, 1, 0)`),
    ),
    'tracing them': outside(onChild(`call(nr_ptrace, 0x4206, $child, 0, 0)`)),
    'being traced': outside(`call(nr_ptrace, 0, 0, 0, 0)`),
    'taking their descriptors': outside(
      onChild(`my $fd = call(nr_pidfd_open, $child, 0); call(nr_pidfd_getfd, $fd, 0, 0)`),
    ),
    'comparing what they hold': everywhere(onChild(`call(nr_kcmp, $$, $child, 1, 0, 0)`)),
    'moving their pages': everywhere(`call(nr_move_pages, 0, 0, 0, 0, 0, 0)`),
  },
  { refusal: REFUSAL },
);

attackMatrix(
  'what the kernel does for few programs, it does for none',
  {
    'a ring for input and output (io_uring)': everywhere(`my $p = "\\0" x 120; call(nr_io_uring_setup, 1, $p)`),
    'counters of the processor (perf_event_open)': everywhere(
      `my $attr = pack('LLQQQQQ', 1, 128, 1, 0, 0, 0, 0x60) . "\\0" x 80; call(nr_perf_event_open, $attr, 0, -1, -1, 0)`,
    ),
    'faults of pages (userfaultfd)': everywhere(`call(nr_userfaultfd, 1)`),
    'programs in the kernel (bpf)': {
      attack: `my $attr = pack('LLLL', 2, 4, 4, 1) . "\\0" x 112; call(nr_bpf, 0, $attr, 128)`,
      control: 'host',
    },
    'a pipe of pages (vmsplice)': everywhere(
      `pipe my $r, my $w; my $page = 'x' x 64; my $vector = pack 'PQ', $page, 64; call(nr_vmsplice, fileno $w, $vector, 1, 0)`,
    ),
    'secret memory (memfd_secret)': outside(`call(nr_memfd_secret, 0)`),
    'memory of other nodes (set_mempolicy)': outside(`call(nr_set_mempolicy, 0, 0, 0)`),
    'memory of other nodes (mbind)': outside(
      `open my $maps, '<', '/proc/self/maps'; my ($at) = <$maps> =~ /^(\\w+)/; call(nr_mbind, hex $at, 4096, 0, 0, 0, 0)`,
    ),
    'names of all files (fanotify)': everywhere(`call(nr_fanotify_init, 0x200, 0)`),
    'handles of files (name_to_handle_at)': outside(
      `my $h = pack('Ll', 128, 0) . "\\0" x 128; my $id = pack 'l', 0; call(nr_name_to_handle_at, -100, '/proc/self/exe', $h, $id, 0x400) == 0 or
       call(nr_name_to_handle_at, -100, '/', $h, $id, 0)`,
    ),
    'an address space that is not random (personality)': everywhere(`call(nr_personality, 0x40000)`),
    'the clock, to look at (adjtimex)': outside(`my $t = "\\0" x 256; call(nr_adjtimex, $t)`),
    'the kernel log (syslog)': { attack: `call(nr_syslog, 10, 0, 0)`, control: 'host' },
    'another root (chroot)': { attack: `call(nr_chroot, '/tmp')`, control: 'namespace', holds: 'strict' },
    'a device file (mknod)': {
      attack: `my $path = "/tmp/sandbox-test-device-$$"; my $made = call(nr_mknodat, -100, $path, 020600, 0x103); my $no = $!; unlink $path; $! = $no; $made`,
      control: 'host',
    },
    ...(hostArch() === 'x86_64'
      ? { 'segments (modify_ldt)': outside(`my $b = ' ' x 16; call(nr_modify_ldt, 0, $b, 16)`) }
      : {}),
  },
  { refusal: REFUSAL },
);

const canEnter = {
  skip: canAttack.skip || (hostArch() === 'x86_64' ? false : `${CANNOT_RUN_HERE}needs an x86_64 processor`),
};

/**
 * A program of a few instructions that makes one call and ends with its errno, 0 for none: ELF-64 header, one segment,
 * code (elf(5); Intel SDM, volume 2).
 */
function program(t: TestContext, call: readonly number[]): string {
  const code = Buffer.from([
    ...call,
    ...[0x31, 0xff], // xor edi, edi
    ...[0x85, 0xc0, 0x79, 0x04], // test eax, eax; jns over the next two
    ...[0xf7, 0xd8, 0x89, 0xc7], // neg eax; mov edi, eax
    ...[0xb8, 60, 0, 0, 0, 0x0f, 0x05], // mov eax, SYS_exit; syscall
  ]);
  const base = 0x400000n;
  const head = Buffer.alloc(120);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(2, 16); // ET_EXEC
  head.writeUInt16LE(62, 18); // EM_X86_64
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(base + 120n, 24);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64); // PT_LOAD
  head.writeUInt32LE(5, 68); // readable, executable
  head.writeBigUInt64LE(base, 80);
  head.writeBigUInt64LE(base, 88);
  head.writeBigUInt64LE(BigInt(head.length + code.length), 96);
  head.writeBigUInt64LE(BigInt(head.length + code.length), 104);
  head.writeBigUInt64LE(4096n, 112);
  const path = `${workDirectory(t, attacker())}/call`;
  writeFileSync(path, Buffer.concat([head, code]));
  chmodSync(path, 0o755);
  return path;
}

const moveEax = (value: number): number[] => {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value >>> 0);
  return [0xb8, ...word];
};
const SYSCALL = [0x0f, 0x05];
const INT_80 = [0xcd, 0x80];
const ENOSYS = 38;

async function inside(path: string, ...words: readonly string[]): Promise<number | null> {
  const run = ['run', '--workspace', 'none', '-v', `${path}:/tmp/call:ro`, ...words, '--', '/tmp/call'];
  const { status, stderr } = await sandbox(attacker(), run, { timeout: 30_000, cwd: '/' });
  assert.equal(stderr, '');
  return status;
}

test('the entry of 32-bit programs is shut in strict: int 0x80', canEnter, async (t) => {
  const path = program(t, [...moveEax(20), ...INT_80]); // getpid of i386; writev of x86_64
  const { status } = await runAs(attacker(), [path]);
  if (status === null) {
    t.skip(`${CANNOT_RUN_HERE}this kernel has no calls of i386`);
    return;
  }
  assert.equal(status, 0, 'the control gets through');
  assert.equal(await inside(path, '--profile', 'dev'), 0, 'dev runs programs of 32 bits');
  assert.equal(await inside(path, '--profile', 'strict'), ENOSYS);
  assert.equal(await inside(path, '--profile', 'strict', '--user', 'root'), ENOSYS);
});

test('by that entry there is no keyring in dev either', canEnter, async (t) => {
  const registers = [0xbb, 0, 0, 0, 0, 0xb9, 0xfd, 0xff, 0xff, 0xff, 0xba, 1, 0, 0, 0]; // ebx, ecx, edx: 0, -3, 1
  const path = program(t, [...moveEax(288), ...registers, ...INT_80]);
  const { status } = await runAs(attacker(), [path]);
  if (status === null) {
    t.skip(`${CANNOT_RUN_HERE}this kernel has no calls of i386`);
    return;
  }
  assert.equal(status, 0, 'the control gets through');
  assert.equal(await inside(path, '--profile', 'dev'), ENOSYS);
  assert.equal(await inside(path, '--profile', 'strict'), ENOSYS);
});

test('the entry of x32 programs is shut everywhere', canEnter, async (t) => {
  const native = program(t, [...moveEax(39), ...SYSCALL]);
  assert.equal(await inside(native, '--profile', 'strict'), 0, 'the same call of x86_64 gets through');
  const path = program(t, [...moveEax(0x40000000 | 39), ...SYSCALL]);
  const { status } = await runAs(attacker(), [path]);
  t.diagnostic(status === 0 ? 'this kernel has x32' : 'this kernel has no x32: the filter is not what refuses it');
  for (const profile of ['dev', 'strict']) assert.equal(await inside(path, '--profile', profile), ENOSYS);
});
