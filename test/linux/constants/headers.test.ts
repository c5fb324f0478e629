import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostArch } from '../../../src/linux/arch.ts';
import { CAPABILITIES, LINUX_CAPABILITY_VERSION_3 } from '../../../src/linux/constants/capability.ts';
import { FCNTL, LOCK, MEMFD, POLL } from '../../../src/linux/constants/descriptor.ts';
import { INTERFACE, SOCKET, TERMINAL_IOCTL, TERMIOS } from '../../../src/linux/constants/ioctl.ts';
import { FS_CONTEXT, MOUNT, MOUNT_ATTR, MOVE_MOUNT, OPEN_TREE, UMOUNT } from '../../../src/linux/constants/mount.ts';
import { AT, FILE_TYPE, OPEN, RENAME, RESOLVE } from '../../../src/linux/constants/open.ts';
import { CLONE, CLONE3, CLOSE_RANGE, PRCTL, SECUREBIT, WAIT } from '../../../src/linux/constants/process.ts';
import { AUDIT_ARCH, SECCOMP, SECCOMP_RET, X32_SYSCALL_BIT } from '../../../src/linux/constants/seccomp.ts';
import { SIGNAL, SIGNAL_ACTION } from '../../../src/linux/constants/signal.ts';
import { ERRNO_TABLE } from '../../../src/linux/errno-table.ts';

type Table = Readonly<Record<string, number | bigint>>;

const CROSS_HEADERS = '/usr/aarch64-linux-gnu/include';
const hostHeaders = '/usr/include/linux/openat2.h';
const skip = existsSync('/usr/bin/cc') && existsSync(hostHeaders) ? false : 'cc and linux-libc-dev are not installed';
const skipCross = skip || existsSync(CROSS_HEADERS) ? skip : 'linux-libc-dev-arm64-cross is not installed';

/** Younger than the headers of some distribution; where the headers do have one, it is compared all the same. */
const YOUNG = new Set([
  ...['MOVE_MOUNT_BENEATH', 'FSCONFIG_CMD_CREATE_EXCL', 'MFD_NOEXEC_SEAL', 'MFD_EXEC', 'F_SEAL_EXEC'],
  ...['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 'MNT_EXPIRE', 'CLONE_NEWTIME', 'MS_NOSYMFOLLOW'],
]);
const ENUMERATORS = /^FSCONFIG_(?!CMD_CREATE_EXCL)/;

/** Gives the values that a C program sees under these names; names that it does not know are left out. */
function valuesInC(
  headers: readonly string[],
  names: readonly string[],
  options: readonly string[] = [],
): Map<string, bigint> {
  const directory = mkdtempSync(join(tmpdir(), 'constants-'));
  try {
    const lines = names.map((name) => {
      const print = `printf("%s %lld\\n", "${name}", (long long)(${name}));`;
      return ENUMERATORS.test(name) ? print : `#ifdef ${name}\n${print}\n#endif`;
    });
    const includes = headers.map((header) => `#include <${header}>\n`).join('');
    const source = `${includes}int printf(const char *, ...);\nint main(void) {\n${lines.join('\n')}\nreturn 0;\n}\n`;
    const file = join(directory, 'constants.c');
    const program = join(directory, 'constants');
    writeFileSync(file, source);
    execFileSync('cc', ['-w', ...options, '-o', program, file]);
    const output = execFileSync(program, { encoding: 'utf8' });
    return new Map(
      output.split('\n').flatMap((line) => {
        const [name, value] = line.split(' ');
        return name && value ? [[name, BigInt(value)] as const] : [];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function assertAgrees(table: Table, theirs: ReadonlyMap<string, bigint>): void {
  const missing: string[] = [];
  for (const [name, ours] of Object.entries(table)) {
    const value = theirs.get(name);
    if (value === undefined) missing.push(name);
    // Comparison of 64 bits: signed 32-bit macros such as 0x80000000U are printed as they are.
    else assert.equal(BigInt.asUintN(64, BigInt(ours)), BigInt.asUintN(64, value), name);
  }
  assert.deepEqual(
    missing.filter((name) => !YOUNG.has(name)),
    [],
  );
}

test('constants agree with the kernel headers', { skip }, () => {
  const capabilities = Object.fromEntries(CAPABILITIES.map((name, number) => [name, number]));
  const table: Table = {
    ...AT,
    ...RESOLVE,
    ...FILE_TYPE,
    ...RENAME,
    ...MOUNT,
    ...MOUNT_ATTR,
    ...OPEN_TREE,
    ...MOVE_MOUNT,
    ...FS_CONTEXT,
    ...CLONE,
    ...CLONE3,
    ...WAIT,
    ...PRCTL,
    ...SECUREBIT,
    ...CLOSE_RANGE,
    ...capabilities,
    ...SECCOMP,
    ...SECCOMP_RET,
    ...SIGNAL,
    ...SIGNAL_ACTION,
    ...LOCK,
    ...FCNTL,
    ...MEMFD,
    ...POLL,
    ...TERMINAL_IOCTL,
    ...TERMIOS,
    ...OPEN[hostArch()],
    ...Object.fromEntries(ERRNO_TABLE.map(([number, name]) => [name, number])),
    AUDIT_ARCH_X86_64: AUDIT_ARCH.x86_64,
    AUDIT_ARCH_I386: AUDIT_ARCH.i386,
    AUDIT_ARCH_AARCH64: AUDIT_ARCH.aarch64,
    AUDIT_ARCH_ARM: AUDIT_ARCH.arm,
    _LINUX_CAPABILITY_VERSION_3: LINUX_CAPABILITY_VERSION_3,
    ...(hostArch() === 'x86_64' ? { __X32_SYSCALL_BIT: X32_SYSCALL_BIT } : {}),
  };
  const headers = [
    ...['fcntl', 'openat2', 'stat', 'fs', 'mount', 'sched', 'wait', 'prctl', 'securebits', 'close_range', 'capability'],
    ...['seccomp', 'audit', 'signal', 'memfd', 'poll', 'errno'],
  ].map((name) => `linux/${name}.h`);
  const names = Object.keys(table);
  assert.ok(names.length > 400);
  const seen = valuesInC([...headers, 'asm/ioctls.h', 'asm/termbits.h', 'asm/siginfo.h', 'asm/unistd.h'], names);
  assertAgrees(table, seen);
});

test('constants whose headers need the C library agree with it', { skip }, () => {
  const table: Table = { ...UMOUNT, ...SOCKET, ...INTERFACE };
  // The library declares some as enumerators with a macro of the same name, which #ifdef sees too.
  const headers = ['sys/mount.h', 'sys/socket.h', 'linux/sockios.h', 'linux/if.h'];
  assertAgrees(table, valuesInC(headers, Object.keys(table), ['-D_GNU_SOURCE']));
});

test('the open flags of aarch64 agree with its headers', { skip: skipCross }, () => {
  const options = ['-nostdinc', '-isystem', CROSS_HEADERS];
  assertAgrees(OPEN.aarch64, valuesInC(['linux/fcntl.h'], Object.keys(OPEN.aarch64), options));
});

test('the words for errors are those of strerror(3)', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'strerror-'));
  try {
    const file = join(directory, 'strerror.c');
    writeFileSync(
      file,
      '#include <stdio.h>\n#include <string.h>\nint main(void) { for (int i = 1; i < 134; i++) puts(strerror(i)); }\n',
    );
    execFileSync('cc', ['-o', join(directory, 'strerror'), file]);
    const texts = execFileSync(join(directory, 'strerror'), { encoding: 'utf8', env: { LC_ALL: 'C' } }).split('\n');
    for (const [number, , text] of ERRNO_TABLE) assert.equal(text, texts[number - 1]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
