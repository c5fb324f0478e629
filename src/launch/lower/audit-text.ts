import { COUNTERS, KIND, RECORD, TEXT_SIZE } from '../../linux/audit-log.ts';
import { AT } from '../../linux/constants/open.ts';
import { POINTED_AT } from '../../linux/pointed-at.ts';
import { syscallTable } from '../../linux/syscall-numbers.ts';
import type { Label, Pointer, Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
import { type Auditing, PROC } from './audit-context.ts';
import { close, HERE, openFlags } from './context.ts';
import { decimal } from './decimal.ts';

/** Of a path as it was asked for, and of the directory that a relative one is meant from. */
const PATH_SIZE = 256;
const DIRECTORY_SIZE = TEXT_SIZE - PATH_SIZE - 1;
/** struct sockaddr_un is the longest: 110 bytes. */
const ADDRESS_SIZE = 128;
/** AF_UNIX, and a slash behind it. */
const UNIX_SLASH = 1 + '/'.charCodeAt(0) * 0x10000;
const HASH_FACTOR = 0x0100_0193;

/** Where an argument lies in a record. */
const place = (argument: number | undefined): number => (argument === undefined ? 0 : RECORD.arguments + argument * 8);

/** Calls of which the combinations of some arguments, three at most, are written down. */
export type Learned = Extract<SetupOp, { op: 'audit' }>['learns'];

/** A word for each number: the KIND, then where in the record the pointer, the directory, and the flags or the length are. */
export function shapeTable(builder: ProgramBuilder, learns: Learned): Pointer {
  const table = Buffer.alloc(COUNTERS * 4);
  const numbers = syscallTable(builder.arch);
  for (const [name, what] of Object.entries(POINTED_AT)) {
    const number = numbers.get(name);
    if (number === undefined) continue;
    const more = what.kind === 'path' ? what.flags : what.length;
    const directory = what.kind === 'path' ? what.directory : undefined;
    table.set([KIND[what.kind], place(what.pointer), place(directory), place(more)], number * 4);
  }
  for (const { number, arguments: which } of learns)
    table.set([KIND.arguments, ...[0, 1, 2].map((index) => place(which[index]))], number * 4);
  return builder.bytes(table, 'what arguments point to', 8);
}

/** A byte of `shape`, as the value that the record has there; 0 where there is none. */
function fromShape({ builder, record }: Auditing, shape: Slot, byte: number, result: Slot): void {
  const none = builder.label('no such argument');
  builder.compute(result, 'shiftRight', shape, byte * 8);
  builder.compute(result, 'and', result, 0xff);
  builder.branch(result, 'equal', 0, none);
  builder.load(result, 64, record, result);
  builder.place(none);
}

/** process_vm_readv(2) of the process that waits; goes to `failed` where there is nothing to read. */
function readMemory(
  { builder, record }: Auditing,
  from: Slot,
  to: Pointer,
  { size, got, failed }: { readonly size: number | Slot; readonly got: Slot; readonly failed: Label },
): void {
  const local = builder.writableWords([to, 0], `{${to.text}}`);
  const remote = builder.writableWords([0, 0], '{its memory}');
  const pid = builder.scratch('process');
  builder.load(pid, 32, record, RECORD.pid);
  builder.store(64, local, 8, size);
  builder.store(64, remote, 0, from);
  builder.store(64, remote, 8, size);
  builder.syscall('process_vm_readv', [pid, local, 1, remote, 1, 0], { result: got, onError: failed });
}

function mix({ builder, hash }: Auditing, value: Slot): void {
  builder.compute(hash, 'add', hash, value);
  builder.compute(hash, 'multiply', hash, HASH_FACTOR);
}

/** The record has text: its kind and length, and the bytes become part of what identifies it. */
function finishText(auditing: Auditing, what: 'path' | 'address', length: Slot): void {
  const { builder, record, kind } = auditing;
  const at = builder.slot('at');
  const byte = builder.slot('byte');
  const next = builder.label('next byte');
  builder.move(at, 0);
  builder.place(next);
  builder.load(byte, 8, builder.behind(record, RECORD.text), at);
  mix(auditing, byte);
  builder.compute(at, 'add', at, 1);
  builder.branch(at, 'less', length, next);
  builder.move(kind, KIND[what]);
  builder.store(32, record, RECORD.kind, kind);
  builder.store(32, record, RECORD.length, length);
}

/** Arguments are in the record already: which of them are meant, and they become part of what identifies it. */
export function noteArguments(auditing: Auditing, shape: Slot): void {
  const { builder, record, kind } = auditing;
  const value = builder.slot('argument value');
  for (const byte of [1, 2, 3]) {
    fromShape(auditing, shape, byte, value);
    mix(auditing, value);
  }
  builder.move(kind, KIND.arguments);
  builder.store(32, record, RECORD.kind, kind);
  builder.store(32, record, RECORD.length, shape);
}

/** connect(2) and its like. */
export function readAddress(auditing: Auditing, shape: Slot, pointer: Slot, failed: Label): void {
  const { builder, record } = auditing;
  const size = builder.slot('address size');
  const got = builder.slot('got');
  const fits = builder.label('fits');
  fromShape(auditing, shape, 3, size);
  // An int in the kernel.
  builder.compute(size, 'and', size, 0x7fffffff);
  builder.branch(size, 'less', ADDRESS_SIZE, fits);
  builder.move(size, ADDRESS_SIZE);
  builder.place(fits);
  readMemory(auditing, pointer, builder.behind(record, RECORD.text), { size, got, failed });
  builder.branch(got, 'equal', 0, failed);
  finishText(auditing, 'address', got);
  // A path that does not start with a slash is meant from a directory that is not ours.
  const family = builder.slot('address family');
  const done = builder.label('address is read');
  const text = builder.behind(record, RECORD.text);
  builder.store(8, text, got, 0);
  builder.load(family, 32, text, 0);
  builder.compute(family, 'and', family, 0xffffff);
  builder.branch(family, 'notEqual', UNIX_SLASH, done);
  found(auditing, builder.behind(text, 2));
  builder.place(done);
}

/** Whether the sandbox has something at a path. */
function found({ builder, record }: Auditing, path: Pointer): void {
  const errno = builder.slot('errno of the look');
  builder.syscall('faccessat', [HERE, path, 0], { onError: 'ignore' });
  builder.compute(errno, 'subtract', 0, builder.outcome);
  builder.store(32, record, RECORD.found, errno);
}

/** The path, made absolute by the directory it is meant from, and whether the sandbox has something there. */
export function readPath(auditing: Auditing, shape: Slot, pointer: Slot, failed: Label): void {
  const { builder, record } = auditing;
  const asked = builder.buffer(PATH_SIZE, '&path');
  const text = builder.behind(record, RECORD.text);
  const [got, from, to, byte] = ['got', 'from', 'to', 'byte'].map((name) => builder.slot(`path: ${name}`)) as [
    Slot,
    Slot,
    Slot,
    Slot,
  ];
  const flags = builder.slot('path: flags');
  const absolute = builder.label('absolute');
  const next = builder.label('next byte');
  const complete = builder.label('complete');
  readMemory(auditing, pointer, asked, { size: PATH_SIZE - 1, got, failed });
  builder.store(8, asked, got, 0);
  builder.load(byte, 8, asked, 0);
  // fstat(2) is newfstatat(2) with an empty path.
  builder.branch(byte, 'equal', 0, failed);
  builder.move(to, 0);
  builder.branch(byte, 'equal', '/'.charCodeAt(0), absolute);
  readDirectory(auditing, shape, to);
  builder.place(absolute);
  fromShape(auditing, shape, 3, flags);
  mix(auditing, flags);
  builder.move(from, 0);
  builder.place(next);
  builder.load(byte, 8, asked, from);
  builder.store(8, text, to, byte);
  builder.branch(byte, 'equal', 0, complete);
  builder.compute(from, 'add', from, 1);
  builder.compute(to, 'add', to, 1);
  builder.jump(next);
  builder.place(complete);
  finishText(auditing, 'path', to);
  found(auditing, text);
}

/** Writes the directory, with a slash behind it, to the record's text, and moves `to` behind that; none where it cannot be had. */
function readDirectory(auditing: Auditing, shape: Slot, to: Slot): void {
  const { builder, record } = auditing;
  const text = builder.behind(record, RECORD.text);
  const [directory, pid, process, descriptors] = ['directory', 'pid', 'process', 'descriptors'].map((name) =>
    builder.slot(`directory: ${name}`),
  ) as [Slot, Slot, Slot, Slot];
  const unknown = builder.label('directory is unknown');
  const current = builder.label('current directory');
  const read = builder.label('directory is read');
  const done = builder.label('directory done');
  const how = openFlags(builder, 'O_PATH', 'O_DIRECTORY');
  builder.load(pid, 32, record, RECORD.pid);
  const name = decimal(builder, pid);
  builder.syscall('openat', [PROC, name.start, how, 0], { result: process, onError: done });
  builder.compute(directory, 'shiftRight', shape, 16);
  builder.compute(directory, 'and', directory, 0xff);
  builder.branch(directory, 'equal', 0, current);
  // An int in the kernel.
  builder.load(directory, 32, record, directory);
  const here = builder.slot('AT_FDCWD', BigInt(AT.AT_FDCWD >>> 0));
  builder.branch(directory, 'equal', here, current);
  const number = decimal(builder, directory);
  builder.syscall('openat', [process, builder.string('fd'), how, 0], { result: descriptors, onError: unknown });
  builder.syscall('readlinkat', [descriptors, number.start, text, DIRECTORY_SIZE], { result: to, onError: 'ignore' });
  close(builder, descriptors);
  builder.jump(read);
  builder.place(current);
  builder.syscall('readlinkat', [process, builder.string('cwd'), text, DIRECTORY_SIZE], {
    result: to,
    onError: 'ignore',
  });
  builder.place(read);
  builder.branch(to, 'greaterOrEqual', 0, unknown);
  builder.move(to, 0);
  builder.place(unknown);
  close(builder, process);
  builder.branch(to, 'equal', 0, done);
  builder.store(8, text, to, '/'.charCodeAt(0));
  builder.compute(to, 'add', to, 1);
  builder.place(done);
}
