import type { Arch } from '../linux/arch.ts';
import {
  type AuditDepth,
  COUNTER_SIZE,
  COUNTERS,
  DEPTHS,
  HEAD,
  HEAD_SIZE,
  KIND,
  MAGIC,
  RECORD,
  RECORD_SIZE,
  TEXT_SIZE,
  VERSION,
} from '../linux/audit-log.ts';
import { decodeBytes } from '../linux/bytes.ts';
import { AUDIT_ARCH } from '../linux/constants/seccomp.ts';
import { errnoName } from '../linux/errno.ts';
import { syscallTable } from '../linux/syscall-numbers.ts';
import { AuditError } from './error.ts';

/** A system call, and how often it was asked for and refused. */
export interface CallCount {
  /** Undefined: those of another mode of the processor, and those without a name. */
  readonly name: string | undefined;
  readonly asked: number;
  readonly refused: number;
}

/** One call that was written down. */
export interface AuditRecord {
  /** As for CallCount. */
  readonly name: string | undefined;
  readonly number: number;
  /** AUDIT_ARCH. */
  readonly arch: number;
  /** Six, without sign. */
  readonly arguments: readonly bigint[];
  /** With which it was refused: `EPERM`; undefined: it went on, and what became of it is not known. */
  readonly errno: string | undefined;
  readonly about: RecordedText;
}

export type RecordedText =
  | { readonly kind: 'nothing' }
  /** Bytes as in linux/bytes.ts, absolute where the directory was known; `there`: the sandbox has something at it. */
  | { readonly kind: 'path'; readonly path: string; readonly there: boolean }
  /** struct sockaddr, as far as it was given. */
  | { readonly kind: 'address'; readonly bytes: Buffer /** Of a unix socket's path. */; readonly there: boolean }
  /** Which arguments decide whether the call is allowed. */
  | { readonly kind: 'arguments'; readonly which: readonly number[] };

/** The file `audit` of a sandbox. */
export interface AuditLog {
  readonly depth: AuditDepth;
  readonly arch: Arch;
  readonly calls: readonly CallCount[];
  readonly records: readonly AuditRecord[];
  /** Calls that were not written down for want of room. */
  readonly dropped: number;
}

/**
 * Reads a log in the form of linux/audit-log.ts. Throws an AuditError for anything else. A record at the end that is not
 * complete was being written when the sandbox ended, and is passed over.
 */
export function readAuditLog(bytes: Buffer): AuditLog {
  if (bytes.length < HEAD_SIZE) throw AuditError.damaged('it is too short');
  if (bytes.toString('latin1', HEAD.magic, HEAD.magic + MAGIC.length) !== MAGIC)
    throw AuditError.damaged('it does not start as one');
  const version = bytes.readUInt32LE(HEAD.version);
  if (version !== VERSION) throw AuditError.damaged(`its version is ${version}, and not ${VERSION}`);
  const arch = archOf(bytes.readUInt32LE(HEAD.arch));
  const depth = DEPTHS[bytes.readUInt32LE(HEAD.depth)];
  if (depth === undefined) throw AuditError.damaged('it does not say what is in it');
  const names = new Map([...syscallTable(arch)].map(([name, number]) => [number, name] as const));
  const calls: CallCount[] = [];
  for (let number = 0; number < COUNTERS; number++) {
    const at = HEAD.counters + number * COUNTER_SIZE;
    const asked = bytes.readUInt32LE(at);
    if (asked === 0) continue;
    const name = number === COUNTERS - 1 ? undefined : names.get(number);
    calls.push({ name, asked, refused: bytes.readUInt32LE(at + 4) });
  }
  const records: AuditRecord[] = [];
  for (let at = HEAD_SIZE; at + RECORD_SIZE <= bytes.length; at += RECORD_SIZE)
    records.push(readRecord(bytes.subarray(at, at + RECORD_SIZE), AUDIT_ARCH[arch], names));
  return { depth, arch, calls, records, dropped: bytes.readUInt32LE(HEAD.dropped) };
}

function archOf(value: number): Arch {
  for (const arch of ['x86_64', 'aarch64'] as const) if (AUDIT_ARCH[arch] === value) return arch;
  throw AuditError.damaged('it was written on another architecture');
}

function readRecord(bytes: Buffer, native: number, names: ReadonlyMap<number, string>): AuditRecord {
  const arch = bytes.readUInt32LE(RECORD.arch);
  const number = bytes.readUInt32LE(RECORD.number);
  const errno = bytes.readUInt32LE(RECORD.errno);
  return {
    name: arch === native ? names.get(number) : undefined,
    number,
    arch,
    arguments: [0, 1, 2, 3, 4, 5].map((index) => bytes.readBigUInt64LE(RECORD.arguments + index * 8)),
    errno: errno === 0 ? undefined : errnoName(errno),
    about: readText(bytes),
  };
}

function readText(bytes: Buffer): RecordedText {
  const length = bytes.readUInt32LE(RECORD.length);
  const text = bytes.subarray(RECORD.text, RECORD.text + Math.min(length, TEXT_SIZE));
  const there = bytes.readUInt32LE(RECORD.found) === 0;
  switch (bytes.readUInt32LE(RECORD.kind)) {
    case KIND.path:
      return { kind: 'path', path: plainPath(decodeBytes(text)), there };
    case KIND.address:
      return { kind: 'address', bytes: Buffer.from(text), there };
    case KIND.arguments:
      return { kind: 'arguments', which: placesOf(bytes) };
    default:
      return { kind: 'nothing' };
  }
}

function placesOf(bytes: Buffer): number[] {
  return [1, 2, 3].flatMap((index) => {
    const place = bytes.readUInt8(RECORD.length + index);
    return place === 0 ? [] : [(place - RECORD.arguments) / 8];
  });
}

/** Without `//`, `/./` and what `..` takes away: links are not looked at, so it is what was meant in most cases. */
function plainPath(path: string): string {
  if (!path.startsWith('/')) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
