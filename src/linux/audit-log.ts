/**
 * The file `audit` of a sandbox, which the auditor of its launcher writes (launch/lower/audit.ts) and src/audit reads. All
 * numbers are little-endian.
 *
 * - A head: `magic`, then 32-bit words: the version, AUDIT_ARCH of the launcher, how many records found no room,
 *   what is written down (DEPTHS).
 * - A counter for each system call number of that architecture: how often it was asked for, how often it failed. Mapped into
 *   the auditor's memory, so they are right up to its end, however that comes.
 * - Records of RECORD_SIZE bytes.
 */
export const AUDIT_LOG = 'audit';
export const MAGIC = 'sbxaudit';
export const VERSION = 1;

/** What is written down: refused calls; also files and addresses; also which calls are made. */
export const DEPTHS = ['refused', 'everything', 'learn'] as const;
export type AuditDepth = (typeof DEPTHS)[number];

export const HEAD = { magic: 0, version: 8, arch: 12, dropped: 16, depth: 20, counters: 64 } as const;
/** Numbers from 0; the last one counts what has no number of its own, such as calls of the 32-bit mode. */
export const COUNTERS = 1024;
export const COUNTER_SIZE = 8;
/** Whole pages, since it is mapped. */
export const HEAD_SIZE = 12288;

/** struct seccomp_notif as the kernel gave it, and what the auditor added. */
export const RECORD = {
  pid: 8,
  number: 16,
  arch: 20,
  arguments: 32,
  /** errno of the answer; 0: the call went on. */
  errno: 80,
  /** What looking the path up in the sandbox gave: 0, it is there, or an errno. */
  found: 84,
  /** KIND: what the record is for. */
  kind: 88,
  /** Bytes of it; for `arguments` three bytes from the second on: where in the record each of them lies, 0 for none. */
  length: 92,
  text: 96,
} as const;
export const RECORD_SIZE = 512;
export const TEXT_SIZE = RECORD_SIZE - RECORD.text;
export const KIND = { nothing: 0, path: 1, address: 2, arguments: 3 } as const;

/** A command cannot fill the disk: 64 MiB. */
export const MOST_RECORDS = 2 ** 17;
/** Of refused calls with one number. */
export const MOST_REFUSED_RECORDS = 256;
