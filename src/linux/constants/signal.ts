/** Signals by name, the same on x86_64 and aarch64: include/uapi/asm-generic/signal.h. */
export const SIGNAL = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

export type SignalName = keyof typeof SIGNAL;

/** `how` of rt_sigprocmask(2), handlers and flags of rt_sigaction(2). */
export const SIGNAL_ACTION = {
  SIG_BLOCK: 0,
  SIG_UNBLOCK: 1,
  SIG_SETMASK: 2,
  SIG_DFL: 0,
  SIG_IGN: 1,
  SA_NOCLDSTOP: 1,
  SA_NOCLDWAIT: 2,
  SA_SIGINFO: 4,
  SA_RESTORER: 0x04000000,
  SA_RESTART: 0x10000000,
} as const;

/** Size of the kernel's sigset_t in bytes, `sigsetsize` of the rt_ calls. libc's own has 128. */
export const SIGSET_SIZE = 8;

/** Gives a signal's name: 'SIGTERM', 'SIGRTMIN+2' for a real-time one (from 34 on, as libc counts), else 'signal N'. */
export function signalName(number: number): string {
  for (const [name, candidate] of Object.entries(SIGNAL)) if (candidate === number) return name;
  if (number === 34) return 'SIGRTMIN';
  return number > 34 && number <= 64 ? `SIGRTMIN+${number - 34}` : `signal ${number}`;
}

/** Takes what people write ('TERM', 'SIGTERM', 'sigterm', '15') and gives the number 1..64, or undefined. kill(1). */
export function signalNumber(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= 64 ? number : undefined;
  }
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  return Object.hasOwn(SIGNAL, name) ? SIGNAL[name as SignalName] : undefined;
}
