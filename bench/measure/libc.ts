import { loadKoffi } from '../../src/linux/koffi.ts';

const NO_ENTRY: null = null;

/** The functions of libc that start a program and wait for it; descriptions in their man pages. */
export interface Libc {
  /** posix_spawn(3): gives an errno, 0 for success, and the process in `pid[0]`. */
  spawn(pid: number[], path: string, actions: Buffer, argv: readonly string[], environment: readonly string[]): number;
  actionsInit(actions: Buffer): number;
  actionsOpen(actions: Buffer, descriptor: number, path: string, flags: number, mode: number): number;
  /** waitpid(2): gives the process, or -1. */
  wait(pid: number, status: number[], options: number): number;
  /** syscall(2) with up to three arguments. */
  syscall(nr: number, a0: number, a1: number, a2: number): number;
  poll(descriptors: Buffer, count: number, milliseconds: number): number;
  setresuid(real: number, effective: number, saved: number): number;
  setresgid(real: number, effective: number, saved: number): number;
}

let loaded: Libc | undefined;

/** Gives libc's functions, bound through koffi at the first call. */
export function libc(): Libc {
  loaded ??= bind();
  return loaded;
}

function bind(): Libc {
  const library = loadKoffi().load('libc.so.6');
  const spawn = library.func(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attr, const char **argv, const char **envp)',
  );
  return {
    // A posix_spawn shares the memory of its parent until the program is executed: the size of this process, which a
    // fork would copy the tables of, is no part of what is measured.
    spawn: (pid, path, actions, argv, environment) =>
      spawn(pid, path, actions, null, [...argv, NO_ENTRY], [...environment, NO_ENTRY]),
    actionsInit: library.func('int posix_spawn_file_actions_init(void *actions)'),
    actionsOpen: library.func(
      'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)',
    ),
    wait: library.func('int waitpid(int pid, _Out_ int *status, int options)'),
    syscall: library.func('long syscall(long nr, long a0, long a1, long a2)'),
    poll: library.func('int poll(void *descriptors, unsigned long count, int milliseconds)'),
    setresuid: library.func('int setresuid(unsigned int real, unsigned int effective, unsigned int saved)'),
    setresgid: library.func('int setresgid(unsigned int real, unsigned int effective, unsigned int saved)'),
  };
}
