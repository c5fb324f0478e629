import type { Arch } from './arch.ts';
import { cString, decodeBytes } from './bytes.ts';
import { FCNTL, POLL } from './constants/descriptor.ts';
import { TERMINAL_IOCTL } from './constants/ioctl.ts';
import { LANDLOCK } from './constants/landlock.ts';
import { AT, OPEN } from './constants/open.ts';
import { errnoNumber, LinuxError } from './errno.ts';
import type { OpenHow, Pty, ResIds, Syscalls, WindowSize } from './syscalls.ts';
import type { SystemCall, SystemCallArgument } from './system-call.ts';

/** Largest value of an attribute and list of names: XATTR_SIZE_MAX, XATTR_LIST_MAX in uapi/linux/limits.h. */
const XATTR_MAX = 65_536;
/** Most values are short (an ACL, a capability): one call with a small buffer is enough for them. */
const XATTR_USUAL = 256;
const EBADF = 9;
const PTMX = '/dev/ptmx';
const NO_PTMX = 'a devpts file system must be mounted on /dev/pts and /dev/ptmx must be readable and writable';

/** What an error says beyond the call's name. */
interface Context {
  readonly path?: string;
  readonly hint?: string;
}

/** Syscalls lowered to numbers and structures of the kernel's ABI, over any SystemCall. */
export class KernelSyscalls implements Syscalls {
  readonly #call: SystemCall;
  readonly #arch: Arch;

  constructor(call: SystemCall, arch: Arch) {
    this.#call = call;
    this.#arch = arch;
  }

  flock(fd: number, operation: number): void {
    // A signal that a handler took is no reason to give up the wait.
    while (this.#failsWith('EINTR', 'flock', fd, operation));
  }

  closeOnExec(fd: number): boolean {
    return (this.#number({}, 'fcntl', fd, FCNTL.F_GETFD) & FCNTL.FD_CLOEXEC) !== 0;
  }

  setCloseOnExec(fd: number, on: boolean): void {
    this.#number({}, 'fcntl', fd, FCNTL.F_SETFD, on ? FCNTL.FD_CLOEXEC : 0);
  }

  memfdCreate(name: string, flags: number): number {
    return this.#number({}, 'memfd_create', cString(name), flags);
  }

  openat2(directory: number, path: string, how: OpenHow): number {
    const struct = Buffer.alloc(24);
    struct.writeBigUInt64LE(BigInt(how.flags), 0);
    struct.writeBigUInt64LE(BigInt(how.mode ?? 0), 8);
    struct.writeBigUInt64LE(BigInt(how.resolve ?? 0), 16);
    return this.#number({ path }, 'openat2', directory, cString(path), struct, struct.length);
  }

  mknodat(directory: number, path: string, mode: number, device: number): void {
    this.#number({ path }, 'mknodat', directory, cString(path), mode, device);
  }

  renameat2(oldDirectory: number, oldPath: string, newDirectory: number, newPath: string, flags: number): void {
    const context = { path: oldPath, hint: `the new name was ${JSON.stringify(newPath)}` };
    this.#number(context, 'renameat2', oldDirectory, cString(oldPath), newDirectory, cString(newPath), flags);
  }

  lgetxattr(path: string, name: string): Buffer | undefined {
    const context = { path, hint: `the attribute was ${JSON.stringify(name)}` };
    try {
      return this.#intoBuffer(context, 'lgetxattr', cString(path), cString(name));
    } catch (error) {
      if (error instanceof LinuxError && error.code === 'ENODATA') return undefined;
      throw error;
    }
  }

  lsetxattr(path: string, name: string, value: Uint8Array): void {
    const context = { path, hint: `the attribute was ${JSON.stringify(name)}` };
    this.#number(context, 'lsetxattr', cString(path), cString(name), value, value.length, 0);
  }

  llistxattr(path: string): string[] {
    const names = decodeBytes(this.#intoBuffer({ path }, 'llistxattr', cString(path)));
    return names.split('\0').slice(0, -1);
  }

  lremovexattr(path: string, name: string): void {
    const context = { path, hint: `the attribute was ${JSON.stringify(name)}` };
    this.#number(context, 'lremovexattr', cString(path), cString(name));
  }

  syncfs(fd: number): void {
    this.#number({}, 'syncfs', fd);
  }

  pidfdOpen(pid: number): number {
    return this.#number({}, 'pidfd_open', pid, 0);
  }

  pidfdSendSignal(pidfd: number, signal: number): void {
    this.#number({}, 'pidfd_send_signal', pidfd, signal, null, 0);
  }

  pollIn(fd: number, milliseconds: number): boolean {
    const deadline = performance.now() + milliseconds;
    const struct = Buffer.alloc(8);
    struct.writeInt32LE(fd, 0);
    struct.writeInt16LE(POLL.POLLIN, 4);
    for (;;) {
      const left = Math.max(0, deadline - performance.now());
      const timeout = Buffer.alloc(16);
      timeout.writeBigInt64LE(BigInt(Math.floor(left / 1000)), 0);
      timeout.writeBigInt64LE(BigInt(Math.floor((left % 1000) * 1e6)), 8);
      const result = this.#call('ppoll', struct, 1, timeout, null, 0);
      if (result >= 0n) {
        // POLLNVAL also counts as an event: without this a closed descriptor would look like one that can be read.
        if ((struct.readInt16LE(6) & POLL.POLLNVAL) !== 0) throw new LinuxError({ syscall: 'ppoll', errno: EBADF });
        return result > 0n;
      }
      if (Number(-result) !== errnoNumber('EINTR')) throw new LinuxError({ syscall: 'ppoll', errno: Number(-result) });
    }
  }

  openPty(): Pty {
    const open = OPEN[this.#arch];
    const flags = open.O_RDWR | open.O_NOCTTY | open.O_CLOEXEC;
    const context = { path: PTMX, hint: NO_PTMX };
    const controller = this.#number(context, 'openat', AT.AT_FDCWD, cString(PTMX), flags, 0);
    try {
      this.#number(context, 'ioctl', controller, TERMINAL_IOCTL.TIOCSPTLCK, Buffer.alloc(4));
      const terminal = this.#number(context, 'ioctl', controller, TERMINAL_IOCTL.TIOCGPTPEER, flags);
      return { controller, terminal };
    } catch (error) {
      this.#call('close', controller);
      throw error;
    }
  }

  windowSize(fd: number): WindowSize {
    const struct = Buffer.alloc(8);
    this.#number({}, 'ioctl', fd, TERMINAL_IOCTL.TIOCGWINSZ, struct);
    return { rows: struct.readUInt16LE(0), columns: struct.readUInt16LE(2) };
  }

  setWindowSize(fd: number, size: WindowSize): void {
    const struct = Buffer.alloc(8);
    struct.writeUInt16LE(size.rows, 0);
    struct.writeUInt16LE(size.columns, 2);
    this.#number({}, 'ioctl', fd, TERMINAL_IOCTL.TIOCSWINSZ, struct);
  }

  prctl(option: number, ...values: readonly number[]): number {
    // The kernel checks that the arguments an option does not use are 0.
    const [second = 0, third = 0, fourth = 0, fifth = 0] = values;
    return this.#number({}, 'prctl', option, second, third, fourth, fifth);
  }

  landlockVersion(): number | undefined {
    const version = this.#call('landlock_create_ruleset', null, 0, LANDLOCK.LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0n ? Number(version) : undefined;
  }

  getresuid(): ResIds {
    return this.#resIds('getresuid');
  }

  getresgid(): ResIds {
    return this.#resIds('getresgid');
  }

  #resIds(name: string): ResIds {
    const real = Buffer.alloc(4);
    const effective = Buffer.alloc(4);
    const saved = Buffer.alloc(4);
    this.#number({}, name, real, effective, saved);
    return { real: real.readUInt32LE(), effective: effective.readUInt32LE(), saved: saved.readUInt32LE() };
  }

  /** Makes a call whose result fits a number. Throws a LinuxError where the kernel answers an errno. */
  #number(context: Context, name: string, ...args: readonly SystemCallArgument[]): number {
    const result = this.#call(name, ...args);
    if (result < 0n) throw new LinuxError({ syscall: name, errno: Number(-result), ...context });
    return Number(result);
  }

  /** Makes a call and gives whether it failed with this one errno. Throws a LinuxError for any other. */
  #failsWith(code: string, name: string, ...args: readonly SystemCallArgument[]): boolean {
    const result = this.#call(name, ...args);
    if (result >= 0n) return false;
    if (Number(-result) === errnoNumber(code)) return true;
    throw new LinuxError({ syscall: name, errno: Number(-result) });
  }

  /** Makes a call that fills a buffer, given with its size after `args`; ERANGE means that the buffer was too short. */
  #intoBuffer(context: Context, name: string, ...args: readonly SystemCallArgument[]): Buffer {
    const usual = Buffer.alloc(XATTR_USUAL);
    const result = this.#call(name, ...args, usual, usual.length);
    if (result >= 0n) return usual.subarray(0, Number(result));
    if (Number(-result) !== errnoNumber('ERANGE')) {
      throw new LinuxError({ syscall: name, errno: Number(-result), ...context });
    }
    const largest = Buffer.alloc(XATTR_MAX);
    return largest.subarray(0, this.#number(context, name, ...args, largest, largest.length));
  }
}
