/** landlock(7): include/uapi/linux/landlock.h, as of ABI 7 (Linux 6.15). */

/** Flags of landlock_create_ruleset(2), rule types of landlock_add_rule(2), and what its attributes take. */
export const LANDLOCK = {
  LANDLOCK_CREATE_RULESET_VERSION: 1,
  LANDLOCK_RULE_PATH_BENEATH: 1,
  LANDLOCK_RULE_NET_PORT: 2,
} as const;

/** Rights on files. */
export const LANDLOCK_ACCESS_FS = {
  LANDLOCK_ACCESS_FS_EXECUTE: 1 << 0,
  LANDLOCK_ACCESS_FS_WRITE_FILE: 1 << 1,
  LANDLOCK_ACCESS_FS_READ_FILE: 1 << 2,
  LANDLOCK_ACCESS_FS_READ_DIR: 1 << 3,
  LANDLOCK_ACCESS_FS_REMOVE_DIR: 1 << 4,
  LANDLOCK_ACCESS_FS_REMOVE_FILE: 1 << 5,
  LANDLOCK_ACCESS_FS_MAKE_CHAR: 1 << 6,
  LANDLOCK_ACCESS_FS_MAKE_DIR: 1 << 7,
  LANDLOCK_ACCESS_FS_MAKE_REG: 1 << 8,
  LANDLOCK_ACCESS_FS_MAKE_SOCK: 1 << 9,
  LANDLOCK_ACCESS_FS_MAKE_FIFO: 1 << 10,
  LANDLOCK_ACCESS_FS_MAKE_BLOCK: 1 << 11,
  LANDLOCK_ACCESS_FS_MAKE_SYM: 1 << 12,
  LANDLOCK_ACCESS_FS_REFER: 1 << 13,
  LANDLOCK_ACCESS_FS_TRUNCATE: 1 << 14,
  LANDLOCK_ACCESS_FS_IOCTL_DEV: 1 << 15,
} as const;

/** Rights on ports of TCP, since ABI 4. */
export const LANDLOCK_ACCESS_NET = { LANDLOCK_ACCESS_NET_BIND_TCP: 1, LANDLOCK_ACCESS_NET_CONNECT_TCP: 2 } as const;

/** What ends at the domain, since ABI 6. */
export const LANDLOCK_SCOPE = { LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET: 1, LANDLOCK_SCOPE_SIGNAL: 2 } as const;

/**
 * What a version of the interface brought, in order: from then on these rights on files are known, and
 * `struct landlock_ruleset_attr` has so many bytes. Version 7 has only flags of landlock_restrict_self(2) for the audit log.
 */
export const LANDLOCK_VERSIONS = [
  { abi: 1, files: 0x1fff, size: 8 },
  { abi: 2, files: 0x3fff, size: 8 },
  { abi: 3, files: 0x7fff, size: 8 },
  { abi: 4, files: 0x7fff, size: 16 },
  { abi: 5, files: 0xffff, size: 16 },
  { abi: 6, files: 0xffff, size: 24 },
] as const;

/** The first version with rules for TCP, and the Linux that has it. */
export const LANDLOCK_NETWORK = { abi: 4, linux: '6.7' } as const;
