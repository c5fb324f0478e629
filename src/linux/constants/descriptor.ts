/** Operations of flock(2): include/uapi/asm-generic/fcntl.h. */
export const LOCK = { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8 } as const;

/** Commands of fcntl(2), the descriptor flag and seals: include/uapi/linux/fcntl.h and asm-generic/fcntl.h. */
export const FCNTL = {
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_SETOWN: 8,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
  FD_CLOEXEC: 1,
  F_SEAL_SEAL: 1,
  F_SEAL_SHRINK: 2,
  F_SEAL_GROW: 4,
  F_SEAL_WRITE: 8,
  F_SEAL_EXEC: 0x20,
} as const;

/** Flags of memfd_create(2). MFD_EXEC is from 6.3 on: before it, memfds are executable without being asked. */
export const MEMFD = {
  MFD_CLOEXEC: 1,
  MFD_ALLOW_SEALING: 2,
  MFD_NOEXEC_SEAL: 8,
  MFD_EXEC: 0x10,
} as const;

/** Events of ppoll(2): include/uapi/asm-generic/poll.h. */
export const POLL = { POLLIN: 1, POLLPRI: 2, POLLOUT: 4, POLLERR: 8, POLLHUP: 16, POLLNVAL: 32 } as const;
