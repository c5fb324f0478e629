import type { Arch } from '../arch.ts';

/** Operations and flags of seccomp(2), modes of prctl(PR_SET_SECCOMP): include/uapi/linux/seccomp.h. */
export const SECCOMP = {
  SECCOMP_MODE_STRICT: 1,
  SECCOMP_MODE_FILTER: 2,
  SECCOMP_SET_MODE_STRICT: 0,
  SECCOMP_SET_MODE_FILTER: 1,
  SECCOMP_GET_ACTION_AVAIL: 2,
  SECCOMP_GET_NOTIF_SIZES: 3,
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_NEW_LISTENER: 8,
  SECCOMP_FILTER_FLAG_TSYNC_ESRCH: 16,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
} as const;

/** What a filter returns; the low 16 bits are its data, such as the errno. Unsigned 32-bit: do not combine with `|`. */
export const SECCOMP_RET = {
  SECCOMP_RET_KILL_PROCESS: 0x80000000,
  SECCOMP_RET_KILL_THREAD: 0x00000000,
  SECCOMP_RET_TRAP: 0x00030000,
  SECCOMP_RET_ERRNO: 0x00050000,
  SECCOMP_RET_USER_NOTIF: 0x7fc00000,
  SECCOMP_RET_TRACE: 0x7ff00000,
  SECCOMP_RET_LOG: 0x7ffc0000,
  SECCOMP_RET_ALLOW: 0x7fff0000,
} as const;

/** `arch` in struct seccomp_data: include/uapi/linux/audit.h. */
export const AUDIT_ARCH: Readonly<Record<Arch | 'i386' | 'arm', number>> = {
  x86_64: 0xc000003e,
  i386: 0x40000003,
  aarch64: 0xc00000b7,
  arm: 0x40000028,
};

/** Bit in the number of a system call made through the x32 ABI; the architecture is AUDIT_ARCH_X86_64 all the same. */
export const X32_SYSCALL_BIT = 0x40000000;

/** Requests of ioctl(2) on a listener, and the flag of an answer that lets the call go on: seccomp_unotify(2). As signed words. */
export const SECCOMP_NOTIFY = {
  SECCOMP_IOCTL_NOTIF_RECV: 0xc0502100 | 0,
  SECCOMP_IOCTL_NOTIF_SEND: 0xc0182101 | 0,
  SECCOMP_IOCTL_NOTIF_ID_VALID: 0x40082102,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS: 0x40082104,
  SECCOMP_USER_NOTIF_FLAG_CONTINUE: 1,
  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: 1,
} as const;
