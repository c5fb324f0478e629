/** Resources of getrlimit(2), without RLIMIT_, the same on x86_64 and aarch64: include/uapi/asm-generic/resource.h. */
export const RLIMIT = {
  CPU: 0,
  FSIZE: 1,
  DATA: 2,
  STACK: 3,
  CORE: 4,
  RSS: 5,
  NPROC: 6,
  NOFILE: 7,
  MEMLOCK: 8,
  AS: 9,
  LOCKS: 10,
  SIGPENDING: 11,
  MSGQUEUE: 12,
  NICE: 13,
  RTPRIO: 14,
  RTTIME: 15,
} as const;

/** Timers of setitimer(2): include/uapi/linux/time.h. */
export const ITIMER = { ITIMER_REAL: 0 } as const;
