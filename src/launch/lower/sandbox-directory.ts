import { encodeBytes } from '../../linux/bytes.ts';
import { LOCK } from '../../linux/constants/descriptor.ts';
import { flags } from '../argument.ts';
import type { SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags, writeAll } from './context.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** Letters of a generated name, each one of sixteen: 48 bits. */
const NAME_LENGTH = 12;

/**
 * Goes to the sandbox's own directory and locks it; every later relative path of the host is meant from there, so that
 * one launcher serves under any name.
 *
 * Whoever collects garbage holds `gate` exclusively while looking for directories without a live lock; it is held
 * shared here until the new directory has its lock, so that none is taken away half-made. The lock dies with the last
 * process that has it open, the monitor or init.
 */
export function enterSandboxDirectory(lowering: Lowering, operation: Operation<'enterSandboxDirectory'>): void {
  const { builder, store, lock } = lowering;
  const gate = builder.slot('gate', -1n);
  const directory = builder.scratch('sandbox directory');
  builder.syscall('openat', [HERE, builder.string(operation.store), openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
    result: store,
  });
  if (operation.sandbox.kind === 'generated') {
    builder.syscall('openat', [store, builder.string('.gate'), openFlags(builder, 'O_RDWR', 'O_CREAT'), 0o600], {
      result: gate,
    });
    builder.syscall('flock', [gate, flags(LOCK, 'LOCK_SH')]);
    generateName(lowering);
    builder.syscall('mkdirat', [store, lowering.name, 0o700]);
  } else {
    builder.move(
      lowering.name,
      builder.data(Buffer.from(`${operation.sandbox.name}\0`), JSON.stringify(operation.sandbox.name)),
    );
  }
  builder.syscall('openat', [store, lowering.name, openFlags(builder, 'O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW'), 0], {
    result: directory,
  });
  builder.syscall('fchdir', [directory]);
  close(builder, directory);
  builder.syscall(
    'openat',
    [HERE, builder.string('lock'), openFlags(builder, 'O_RDWR', 'O_CREAT', 'O_NOFOLLOW'), 0o600],
    { result: lock },
  );
  builder.syscall('flock', [lock, flags(LOCK, 'LOCK_EX', 'LOCK_NB')]);
  builder.move(lowering.entered, 1);
  const file = builder.scratch('spec');
  const aside = builder.string('spec.new');
  builder.syscall('openat', [HERE, aside, openFlags(builder, 'O_WRONLY', 'O_CREAT', 'O_TRUNC'), 0o600], {
    result: file,
  });
  writeAll(builder, file, encodeBytes(operation.spec), 'spec.json');
  close(builder, file);
  builder.syscall('renameat2', [HERE, aside, HERE, builder.string('spec.json'), 0]);
  close(builder, gate);
}

/** A name from random bytes, written where the removal will still find it. */
function generateName(lowering: Lowering): void {
  const { builder } = lowering;
  const name = builder.data(new Uint8Array(NAME_LENGTH + 1), 'generated name');
  const byte = builder.scratch('byte');
  const index = builder.scratch('index');
  const next = builder.label('next letter');
  builder.syscall('getrandom', [name, NAME_LENGTH, 0]);
  builder.move(index, 0);
  builder.place(next);
  builder.load(byte, 8, name, index);
  builder.compute(byte, 'and', byte, 15);
  builder.compute(byte, 'add', byte, 'a'.charCodeAt(0));
  builder.store(8, name, index, byte);
  builder.compute(index, 'add', index, 1);
  builder.branch(index, 'less', NAME_LENGTH, next);
  builder.move(lowering.name, name);
}

/** Those that exist already, of a sandbox that is opened again, are left as they are. */
export function makeSandboxDirectories(
  { builder }: Lowering,
  { directories }: Operation<'makeSandboxDirectories'>,
): void {
  for (const { path, mode } of directories)
    builder.syscall('mkdirat', [HERE, builder.string(path), mode], { onError: 'ignore' });
}
