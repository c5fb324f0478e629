import type { Arch } from './arch.ts';
import { hostArch } from './arch.ts';
import { AT } from './constants/open.ts';
import { loadKoffi } from './koffi.ts';
import { syscallNumber } from './syscall-numbers.ts';

/*
 * System calls on files by directory descriptor and name, for trees of a hundred thousand entries: a call costs about
 * 0.4 µs beyond the kernel's own time. Names are bytes, one Latin-1 character each (paths.ts). Results are the kernel's:
 * negative ones are the negated errno, and nothing is thrown, since for most callers a failure is one of the ways to go.
 */

/** What a name means: `stx_mode` and what else tells two files apart; statx(2). */
export interface FileStatus {
  /** S_IF* and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly inode: bigint;
  readonly device: bigint;
  /** Of a device node: major and minor number. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly size: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Bytes of a path with the NUL, limits.h; and of the largest name or attribute that a call is given. */
const PATH_MAX = 4096;
const NAME_SIZE = 65_536;
const VALUE_SIZE = 65_536;
const STATX_SIZE = 256;
const STATX_BASIC_STATS = 0x7ff;
/** struct statx: include/uapi/linux/stat.h. */
const STATX = {
  links: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  size: 40,
  mtime: 112,
  rdev: 128,
  device: 136,
} as const;

const CALLS = [
  'openat',
  'openat2',
  'close',
  'mkdirat',
  'mknodat',
  'symlinkat',
  'linkat',
  'unlinkat',
  'readlinkat',
  'fchownat',
  'fchmod',
  'utimensat',
  'fsetxattr',
  'fgetxattr',
  'flistxattr',
  'fremovexattr',
  'ftruncate',
  'statx',
  'syncfs',
] as const;

type Numbers = Readonly<Record<(typeof CALLS)[number], number>>;
type RawCall = (number: number, ...args: [number, number, number, number, number, number]) => number;

/**
 * One set of buffers for the kernel to read names from: calls are synchronous, and nothing of them outlives a call.
 * Not for two threads.
 */
export class FileCalls {
  readonly #raw: RawCall;
  readonly #number: Numbers;
  readonly #name: Scratch;
  readonly #second: Scratch;
  readonly #value: Scratch;
  readonly #struct: Scratch;

  constructor(arch: Arch = hostArch()) {
    const koffi = loadKoffi();
    const parameters = new Array<string>(7).fill('int64_t');
    const syscall = koffi.load(null).func('syscall', 'int64_t', parameters);
    this.#raw = (number, a, b, c, d, e, f) => {
      const result = Number(syscall(number, a, b, c, d, e, f));
      return result === -1 ? -koffi.errno() : result;
    };
    const numbers = Object.fromEntries(CALLS.map((name) => [name, syscallNumber(arch, name)]));
    this.#number = numbers as Numbers;
    const scratch = (size: number): Scratch => {
      // Not from the pool, and not small enough to be on V8's heap: the address stays.
      const bytes = Buffer.from(new ArrayBuffer(size));
      return { bytes, address: Number(koffi.address(bytes)) };
    };
    this.#name = scratch(NAME_SIZE);
    this.#second = scratch(NAME_SIZE);
    this.#value = scratch(VALUE_SIZE);
    this.#struct = scratch(STATX_SIZE);
  }

  /** openat(2). Gives a descriptor. */
  openat(directory: number, name: string, flags: number, mode: number): number {
    return this.#raw(this.#number.openat, directory, put(this.#name, name), flags, mode, 0, 0);
  }

  /** openat2(2) without O_CREAT. Gives a descriptor. */
  openat2(directory: number, path: string, flags: number, resolve: number): number {
    const { bytes, address } = this.#struct;
    bytes.fill(0, 0, 24);
    bytes.writeUInt32LE(flags, 0);
    bytes.writeUInt32LE(resolve, 16);
    return this.#raw(this.#number.openat2, directory, put(this.#name, path), address, 24, 0, 0);
  }

  close(descriptor: number): void {
    this.#raw(this.#number.close, descriptor, 0, 0, 0, 0, 0);
  }

  mkdirat(directory: number, name: string, mode: number): number {
    return this.#raw(this.#number.mkdirat, directory, put(this.#name, name), mode, 0, 0, 0);
  }

  /** mknodat(2) of a FIFO or of the whiteout device 0:0. */
  mknodat(directory: number, name: string, mode: number): number {
    return this.#raw(this.#number.mknodat, directory, put(this.#name, name), mode, 0, 0, 0);
  }

  symlinkat(target: string, directory: number, name: string): number {
    return this.#raw(this.#number.symlinkat, put(this.#second, target), directory, put(this.#name, name), 0, 0, 0);
  }

  /** linkat(2): a symbolic link is linked itself. */
  linkat(oldDirectory: number, oldName: string, directory: number, name: string): number {
    const old = put(this.#second, oldName);
    return this.#raw(this.#number.linkat, oldDirectory, old, directory, put(this.#name, name), 0, 0);
  }

  /** unlinkat(2), or rmdir(2) with AT_REMOVEDIR. */
  unlinkat(directory: number, name: string, flags: number): number {
    return this.#raw(this.#number.unlinkat, directory, put(this.#name, name), flags, 0, 0, 0);
  }

  /** readlinkat(2); an empty name means the descriptor's own. Gives the target, or the negated errno. */
  readlinkat(directory: number, name: string): string | number {
    const { bytes, address } = this.#value;
    const size = this.#raw(this.#number.readlinkat, directory, put(this.#name, name), address, PATH_MAX, 0, 0);
    return size < 0 ? size : bytes.toString('latin1', 0, size);
  }

  /** fchownat(2) of the name itself, never of what a link leads to. */
  lchownat(directory: number, name: string, uid: number, gid: number): number {
    const { AT_SYMLINK_NOFOLLOW } = AT;
    return this.#raw(this.#number.fchownat, directory, put(this.#name, name), uid, gid, AT_SYMLINK_NOFOLLOW, 0);
  }

  fchown(descriptor: number, uid: number, gid: number): number {
    return this.#raw(this.#number.fchownat, descriptor, put(this.#name, ''), uid, gid, AT.AT_EMPTY_PATH, 0);
  }

  fchmod(descriptor: number, mode: number): number {
    return this.#raw(this.#number.fchmod, descriptor, mode, 0, 0, 0, 0);
  }

  /** utimensat(2) of a descriptor: both times become this one. */
  futimens(descriptor: number, seconds: number, nanoseconds: number): number {
    return this.#raw(this.#number.utimensat, descriptor, 0, this.#times(seconds, nanoseconds), 0, 0, 0);
  }

  /** The same of a name itself, never of what a link leads to. */
  lutimensat(directory: number, name: string, seconds: number, nanoseconds: number): number {
    const times = this.#times(seconds, nanoseconds);
    const { AT_SYMLINK_NOFOLLOW } = AT;
    return this.#raw(this.#number.utimensat, directory, put(this.#name, name), times, AT_SYMLINK_NOFOLLOW, 0, 0);
  }

  fsetxattr(descriptor: number, name: string, value: Uint8Array): number {
    if (value.length > VALUE_SIZE) return -E2BIG;
    this.#value.bytes.set(value, 0);
    const key = put(this.#name, name);
    return this.#raw(this.#number.fsetxattr, descriptor, key, this.#value.address, value.length, 0, 0);
  }

  /** Gives the value, or the negated errno: ENODATA where there is none. */
  fgetxattr(descriptor: number, name: string): Buffer | number {
    const { bytes, address } = this.#value;
    const size = this.#raw(this.#number.fgetxattr, descriptor, put(this.#name, name), address, VALUE_SIZE, 0, 0);
    return size < 0 ? size : Buffer.from(bytes.subarray(0, size));
  }

  /** Gives the names, or the negated errno. */
  flistxattr(descriptor: number): string[] | number {
    const { bytes, address } = this.#value;
    const size = this.#raw(this.#number.flistxattr, descriptor, address, VALUE_SIZE, 0, 0, 0);
    return size < 0 ? size : bytes.toString('latin1', 0, size).split('\0').slice(0, -1);
  }

  fremovexattr(descriptor: number, name: string): number {
    return this.#raw(this.#number.fremovexattr, descriptor, put(this.#name, name), 0, 0, 0, 0);
  }

  /** `size` in bytes, at most 2^53. */
  ftruncate(descriptor: number, size: number): number {
    return this.#raw(this.#number.ftruncate, descriptor, size, 0, 0, 0, 0);
  }

  /** syncfs(2): all that was written to the file system of this descriptor is on the disk after it. */
  syncfs(descriptor: number): number {
    return this.#raw(this.#number.syncfs, descriptor, 0, 0, 0, 0, 0);
  }

  /** statx(2) of the name itself; of the descriptor where the name is empty. Gives the negated errno on failure. */
  lstatat(directory: number, name: string): FileStatus | number {
    const { bytes, address } = this.#value;
    const flags = AT.AT_SYMLINK_NOFOLLOW | AT.AT_EMPTY_PATH;
    const path = put(this.#name, name);
    const result = this.#raw(this.#number.statx, directory, path, flags, STATX_BASIC_STATS, address, 0);
    if (result < 0) return result;
    return {
      mode: bytes.readUInt16LE(STATX.mode),
      uid: bytes.readUInt32LE(STATX.uid),
      gid: bytes.readUInt32LE(STATX.gid),
      links: bytes.readUInt32LE(STATX.links),
      inode: bytes.readBigUInt64LE(STATX.inode),
      device: bytes.readBigUInt64LE(STATX.device),
      deviceMajor: bytes.readUInt32LE(STATX.rdev),
      deviceMinor: bytes.readUInt32LE(STATX.rdev + 4),
      size: Number(bytes.readBigUInt64LE(STATX.size)),
      seconds: Number(bytes.readBigInt64LE(STATX.mtime)),
      nanoseconds: bytes.readUInt32LE(STATX.mtime + 8),
    };
  }

  /** struct timespec[2]: access and modification time. */
  #times(seconds: number, nanoseconds: number): number {
    const { bytes, address } = this.#struct;
    const high = Math.floor(seconds / 2 ** 32);
    for (const offset of [0, 16]) {
      bytes.writeUInt32LE(seconds - high * 2 ** 32, offset);
      bytes.writeInt32LE(high, offset + 4);
      bytes.writeUInt32LE(nanoseconds, offset + 8);
      bytes.writeUInt32LE(0, offset + 12);
    }
    return address;
  }
}

interface Scratch {
  readonly bytes: Buffer;
  readonly address: number;
}

const E2BIG = 7;

/** Puts a name where the kernel reads it. A NUL in it would cut it: whoever takes names from outside refuses them. */
function put({ bytes, address }: Scratch, name: string): number {
  // Cut where the buffer ends, a name is still far over PATH_MAX, and the kernel says so.
  bytes[bytes.write(name, 0, NAME_SIZE - 1, 'latin1')] = 0;
  return address;
}
