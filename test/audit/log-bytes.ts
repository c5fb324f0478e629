import type { Arch } from '../../src/linux/arch.ts';
import {
  type AuditDepth,
  COUNTER_SIZE,
  DEPTHS,
  HEAD,
  HEAD_SIZE,
  KIND,
  MAGIC,
  RECORD,
  RECORD_SIZE,
  VERSION,
} from '../../src/linux/audit-log.ts';
import { AUDIT_ARCH } from '../../src/linux/constants/seccomp.ts';
import { errnoNumber } from '../../src/linux/errno.ts';
import { syscallNumber } from '../../src/linux/syscall-numbers.ts';

export interface MadeRecord {
  readonly name: string;
  readonly arguments?: readonly bigint[];
  readonly errno?: string;
  readonly path?: string | Buffer;
  readonly missing?: boolean;
  readonly address?: Buffer;
  /** Those that decide. */
  readonly which?: readonly number[];
}

/** A log as an auditor would have written it. */
export function logBytes(
  records: readonly MadeRecord[],
  { depth = 'everything', arch = 'x86_64', dropped = 0 }: { depth?: AuditDepth; arch?: Arch; dropped?: number } = {},
): Buffer {
  const head = Buffer.alloc(HEAD_SIZE);
  head.write(MAGIC, HEAD.magic);
  head.writeUInt32LE(VERSION, HEAD.version);
  head.writeUInt32LE(AUDIT_ARCH[arch], HEAD.arch);
  head.writeUInt32LE(dropped, HEAD.dropped);
  head.writeUInt32LE(DEPTHS.indexOf(depth), HEAD.depth);
  for (const { name, errno } of records) {
    const at = HEAD.counters + syscallNumber(arch, name) * COUNTER_SIZE;
    head.writeUInt32LE(head.readUInt32LE(at) + 1, at);
    if (errno !== undefined) head.writeUInt32LE(head.readUInt32LE(at + 4) + 1, at + 4);
  }
  return Buffer.concat([head, ...records.map((record) => recordBytes(record, arch))]);
}

function recordBytes(made: MadeRecord, arch: Arch): Buffer {
  const bytes = Buffer.alloc(RECORD_SIZE);
  bytes.writeUInt32LE(syscallNumber(arch, made.name), RECORD.number);
  bytes.writeUInt32LE(AUDIT_ARCH[arch], RECORD.arch);
  made.arguments?.forEach((value, index) => void bytes.writeBigUInt64LE(value, RECORD.arguments + index * 8));
  bytes.writeUInt32LE(made.errno === undefined ? 0 : (errnoNumber(made.errno) ?? 0), RECORD.errno);
  bytes.writeUInt32LE(made.missing ? 2 : 0, RECORD.found);
  const text = made.address ?? (made.path === undefined ? undefined : Buffer.from(made.path));
  if (text !== undefined) {
    bytes.writeUInt32LE(made.address ? KIND.address : KIND.path, RECORD.kind);
    bytes.writeUInt32LE(text.length, RECORD.length);
    text.copy(bytes, RECORD.text);
  }
  if (made.which) {
    bytes.writeUInt32LE(KIND.arguments, RECORD.kind);
    made.which.forEach(
      (index, place) => void bytes.writeUInt8(RECORD.arguments + index * 8, RECORD.length + 1 + place),
    );
  }
  return bytes;
}
