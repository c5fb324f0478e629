import { encodeBytes } from '../../linux/bytes.ts';
import { LOCK } from '../../linux/constants/descriptor.ts';
import { flags } from '../argument.ts';
import type { SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags, writeAll } from './context.ts';
import { openGuests } from './linger.ts';

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
  takeLock(lowering);
  // A pid beside a lock that is held is that of the init which runs: hand-over.ts.
  if (operation.sandbox.kind === 'named')
    builder.syscall('unlinkat', [HERE, builder.string('pid'), 0], { onError: 'ignore' });
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
  if (operation.sandbox.kind === 'named') openGuests(lowering);
}

/** How often, and with which pause, the lock is asked for: five seconds in all. */
const LOCK_TRIES = 250;
const LOCK_PAUSE_NANOSECONDS = 20_000_000;

/**
 * The kernel gives up the lock of an init that ends only when it has taken down the mounts, and synced what they wrote:
 * a sandbox that is opened again at once waits for that. One that is being opened by somebody else is a failure.
 */
function takeLock({ builder, lock }: Lowering): void {
  const tries = builder.scratch('tries');
  const busy = builder.label('lock is held');
  const again = builder.label('ask for the lock');
  const taken = builder.label('lock is taken');
  builder.move(tries, LOCK_TRIES);
  builder.place(again);
  builder.syscall('flock', [lock, flags(LOCK, 'LOCK_EX', 'LOCK_NB')], { onError: busy });
  builder.jump(taken);
  builder.place(busy);
  builder.compute(tries, 'subtract', tries, 1);
  builder.branch(tries, 'equal', 0, builder.onFailure);
  builder.syscall('ppoll', [0, 0, builder.words([0, LOCK_PAUSE_NANOSECONDS], '{20 ms}'), 0, 8], { onError: 'ignore' });
  builder.jump(again);
  builder.place(taken);
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
