import type { Arch } from '../arch.ts';

/** Flags of open(2) that are the same on x86_64 and aarch64: include/uapi/asm-generic/fcntl.h. */
const COMMON = {
  O_RDONLY: 0,
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  FASYNC: 0o20000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_SYNC: 0o4010000,
  O_PATH: 0o10000000,
} as const;

/** arch/arm64/include/uapi/asm/fcntl.h gives four flags other numbers, and O_TMPFILE has O_DIRECTORY in it. */
const BY_ARCH = {
  x86_64: {
    O_DIRECT: 0o40000,
    O_LARGEFILE: 0o100000,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
    O_TMPFILE: 0o20200000,
  },
  aarch64: {
    O_DIRECTORY: 0o40000,
    O_NOFOLLOW: 0o100000,
    O_DIRECT: 0o200000,
    O_LARGEFILE: 0o400000,
    O_TMPFILE: 0o20040000,
  },
} as const;

export type OpenFlag = keyof typeof COMMON | keyof (typeof BY_ARCH)['x86_64'];

/** Flags of open(2), openat2(2), pipe2(2), by architecture. O_TMPFILE and O_SYNC are more than one bit. */
export const OPEN: Readonly<Record<Arch, Readonly<Record<OpenFlag, number>>>> = {
  x86_64: { ...COMMON, ...BY_ARCH.x86_64 },
  aarch64: { ...COMMON, ...BY_ARCH.aarch64 },
};

/** What the *at calls take for a directory and as flags: include/uapi/linux/fcntl.h. */
export const AT = {
  AT_FDCWD: -100,
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_REMOVEDIR: 0x200,
  AT_EACCESS: 0x200,
  AT_SYMLINK_FOLLOW: 0x400,
  AT_NO_AUTOMOUNT: 0x800,
  AT_EMPTY_PATH: 0x1000,
  AT_RECURSIVE: 0x8000,
} as const;

/** `resolve` of openat2(2): include/uapi/linux/openat2.h. */
export const RESOLVE = {
  RESOLVE_NO_XDEV: 0x01,
  RESOLVE_NO_MAGICLINKS: 0x02,
  RESOLVE_NO_SYMLINKS: 0x04,
  RESOLVE_BENEATH: 0x08,
  RESOLVE_IN_ROOT: 0x10,
  RESOLVE_CACHED: 0x20,
} as const;

/** File types in st_mode, for mknod(2): include/uapi/linux/stat.h. */
export const FILE_TYPE = {
  S_IFMT: 0o170000,
  S_IFSOCK: 0o140000,
  S_IFLNK: 0o120000,
  S_IFREG: 0o100000,
  S_IFBLK: 0o060000,
  S_IFDIR: 0o040000,
  S_IFCHR: 0o020000,
  S_IFIFO: 0o010000,
  S_ISUID: 0o4000,
  S_ISGID: 0o2000,
  S_ISVTX: 0o1000,
} as const;

/** Flags of renameat2(2): include/uapi/linux/fs.h. */
export const RENAME = { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 } as const;
