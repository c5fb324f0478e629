/** `struct open_how` of openat2(2). Missing members are 0. */
export interface OpenHow {
  /** Flags from constants/open.ts, for the host's architecture. */
  readonly flags: number;
  /** Permission bits; the kernel refuses others than 0 without O_CREAT or O_TMPFILE. */
  readonly mode?: number;
  /** RESOLVE_* flags. */
  readonly resolve?: number;
}

/** Size of a terminal in characters: `struct winsize` of ioctl_tty(2). */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** Both ends of a new pseudo-terminal, pty(7): close-on-exec, and nobody's controlling terminal. */
export interface Pty {
  /** The end that plays the user: what is written to it is typed. */
  readonly controller: number;
  /** The end that programs take for a terminal. */
  readonly terminal: number;
}

/** Real, effective and saved id of this process: getresuid(2). */
export interface ResIds {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
}

/**
 * The system calls that Node's own modules lack. All are synchronous. Paths and attribute names are byte strings as of
 * bytes.ts; descriptors that a call opens are the caller's to close. Every failure is a LinuxError that names the call,
 * the path and the errno.
 */
export interface Syscalls {
  /** flock(2) with LOCK_* flags. Without LOCK_NB it blocks the event loop; with it, a held lock is EAGAIN. */
  flock(fd: number, operation: number): void;
  /** Whether the descriptor closes on execve: fcntl(2), F_GETFD. */
  closeOnExec(fd: number): boolean;
  /** fcntl(2), F_SETFD. */
  setCloseOnExec(fd: number, on: boolean): void;
  /** memfd_create(2) with MFD_* flags. Gives a descriptor. */
  memfdCreate(name: string, flags: number): number;
  /** openat2(2). `directory` is a descriptor or AT_FDCWD. Gives a descriptor. */
  openat2(directory: number, path: string, how: OpenHow): number;
  /** mknodat(2). `mode` is S_IF* with permission bits, `device` from makeDevice(), 0 for FIFOs and files. */
  mknodat(directory: number, path: string, mode: number, device: number): void;
  /** renameat2(2) with RENAME_* flags. */
  renameat2(oldDirectory: number, oldPath: string, newDirectory: number, newPath: string, flags: number): void;
  /** lgetxattr(2), of a link itself. Gives undefined where the file has no such attribute (ENODATA). */
  lgetxattr(path: string, name: string): Buffer | undefined;
  /** lsetxattr(2): creates or replaces. */
  lsetxattr(path: string, name: string, value: Uint8Array): void;
  /** llistxattr(2). Gives the names that this process may see. */
  llistxattr(path: string): string[];
  /** lremovexattr(2). */
  lremovexattr(path: string, name: string): void;
  /** syncfs(2): writes back the whole file system that the descriptor is on. */
  syncfs(fd: number): void;
  /** pidfd_open(2). Gives a close-on-exec descriptor that means this process, even when its pid is given to another. */
  pidfdOpen(pid: number): number;
  /** pidfd_send_signal(2). Signal 0 only asks whether the process could be signalled. */
  pidfdSendSignal(pidfd: number, signal: number): void;
  /**
   * poll(2) for POLLIN, which blocks the event loop: waits until a descriptor can be read, has an error, or was hung up; a pidfd
   * can when its process has ended. Gives false when the time ran out first.
   */
  pollIn(fd: number, milliseconds: number): boolean;
  /** Opens a new pseudo-terminal on /dev/ptmx, the terminal's end by TIOCGPTPEER: no path in /dev/pts is trusted. */
  openPty(): Pty;
  /** ioctl_tty(2), TIOCGWINSZ. */
  windowSize(fd: number): WindowSize;
  /** ioctl_tty(2), TIOCSWINSZ; the foreground process group gets SIGWINCH where the size changed. */
  setWindowSize(fd: number, size: WindowSize): void;
  /** prctl(2) with number arguments. Of Node it reaches only the calling thread where the option is a thread's. */
  prctl(option: number, ...values: readonly number[]): number;
  /** landlock_create_ruleset(2): the version of the interface (its ABI). Undefined where there is no Landlock. */
  landlockVersion(): number | undefined;
  /** getresuid(2). */
  getresuid(): ResIds;
  /** getresgid(2). */
  getresgid(): ResIds;
}

/** Gives a device number as mknod(2) and stat(2) encode it: makedev(3), of 12 bits major and 20 bits minor. */
export function makeDevice(major: number, minor: number): number {
  if (!(major >= 0 && major < 2 ** 12) || !(minor >= 0 && minor < 2 ** 20)) {
    throw new RangeError(`device ${major}:${minor} does not fit the kernel's 12 and 20 bits`);
  }
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
