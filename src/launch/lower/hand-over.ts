import { LOCK } from '../../linux/constants/descriptor.ts';
import { TERMINAL_IOCTL } from '../../linux/constants/ioctl.ts';
import { AT } from '../../linux/constants/open.ts';
import { SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { failedWith, flags, type Label, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { FileState, HandOverReason, SetupOp } from '../operations.ts';
import { environment, withCallersArguments } from './callers-words.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';
import type { Phases } from './phases.ts';
import { OWN_FAILURE } from './report.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

const WORD = 8;
/** A process id in decimal digits, and a NUL: PID_MAX_LIMIT has seven. */
const PID_SIZE = 16;

/**
 * The launcher becomes another program if `when` holds, before it has made anything: with the caller's arguments, variables and
 * directory, and the signals and the umask that a program expects.
 */
export function handOver(
  lowering: Lowering,
  { when, to, from, otherwise }: Operation<'handOver'>,
  { early }: Phases,
): void {
  const { builder } = lowering;
  const go = builder.label('hand over');
  const stay = builder.label('go on');
  const pid = holds(lowering, when, { go, stay });
  builder.place(go);
  // The end that is read from comes first: it would send a SIGIO when the other one is closed (early-end.ts).
  if (early) for (const descriptor of [early.read, early.write]) close(builder, descriptor);
  const nothing = builder.words([0], '[]');
  builder.syscall('rt_sigprocmask', [flags(SIGNAL_ACTION, 'SIG_SETMASK'), nothing, 0, SIGSET_SIZE], {
    onError: 'ignore',
  });
  builder.syscall('umask', [lowering.umask], { onError: 'ignore' });
  const words = [...to.map((word) => builder.string(word)), ...(pid === undefined ? [] : [pid])];
  const envp = environment(builder);
  const argv = withCallersArguments(builder, words, from);
  builder.syscall('execve', [builder.string(to[0] ?? ''), argv, envp], { onError: 'ignore' });
  const text = `sandbox: ${otherwise}\n`;
  builder.syscall('write', [2, builder.string(text), Buffer.byteLength(text)], { onError: 'ignore' });
  builder.syscall('exit_group', [OWN_FAILURE]);
  builder.place(stay);
}

/** Goes to one of the labels; gives what is said besides the words. */
function holds(lowering: Lowering, when: HandOverReason, labels: { go: Label; stay: Label }): Pointer | undefined {
  if (when.kind === 'changed') changed(lowering, when, labels);
  else if (when.kind === 'onTerminal') onTerminal(lowering, labels);
  else if (when.kind === 'running') return running(lowering, when.directory, labels);
  return undefined;
}

/** struct statx, include/uapi/linux/stat.h: inode, size, seconds and nanoseconds of both times, mode. */
const STATX = {
  size: 256,
  words: [
    [32, 64],
    [40, 64],
    [112, 64],
    [120, 32],
    [96, 64],
    [104, 32],
    [28, 16],
  ],
} as const;
const STATX_BASIC_STATS = 0x7ff;
const NANOSECONDS = 1_000_000_000n;
/** Of a table: a path, and what is expected. */
const ENTRY_SIZE = (1 + STATX.words.length) * WORD;

/** Takes `INODE SIZE MTIME CTIME MODE` and gives the words of STATX. */
function expected({ state }: FileState): bigint[] {
  if (state === '') return new Array<bigint>(STATX.words.length).fill(0n);
  const [inode = 0n, size = 0n, modified = 0n, changedAt = 0n, mode = 0n] = state.split(' ').map(BigInt);
  const time = (nanoseconds: bigint): bigint[] => {
    const rest = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
    return [(nanoseconds - rest) / NANOSECONDS, rest];
  };
  return [inode, size, ...time(modified), ...time(changedAt), mode];
}

/** Whether a file is another one than it was, or a path is gone. */
function changed(
  { builder }: Lowering,
  { files, paths, program }: Extract<HandOverReason, { kind: 'changed' }>,
  { go, stay }: { go: Label; stay: Label },
): void {
  const found = builder.scratch('found');
  compareAll(builder, files, go, (entry) => {
    // What was missing has no inode.
    builder.load(found, 64, entry, WORD);
    builder.branch(found, 'notEqual', 0, go);
  });
  if (program !== undefined) compareAll(builder, [program], go, () => {});
  for (const path of paths) builder.syscall('faccessat', [HERE, builder.string(path), 0], { onError: go });
  builder.jump(stay);
}

/** Goes to `different` at the first file that is not as it was; what is done about one that is missing is emitted by `missing`. */
function compareAll(
  builder: ProgramBuilder,
  files: readonly FileState[],
  different: Label,
  missing: (entry: Slot) => void,
): void {
  const table = builder.words(
    [...files.flatMap((file) => [builder.string(file.path), ...expected(file)]), 0],
    files.map(({ path }) => path).join(', '),
  );
  const state = builder.buffer(STATX.size, '&state');
  const entry = builder.scratch('file');
  const [path, wanted, found] = [builder.scratch('path'), builder.scratch('wanted'), builder.scratch('found')];
  const next = builder.label('next file');
  const gone = builder.label('file is missing');
  const same = builder.label('file is the same');
  const done = builder.label('files are the same');
  builder.move(entry, table);
  builder.place(next);
  builder.load(path, 64, entry, 0);
  builder.branch(path, 'equal', 0, done);
  const noFollow = flags(AT, 'AT_SYMLINK_NOFOLLOW');
  builder.syscall('statx', [HERE, path, noFollow, STATX_BASIC_STATS, state], { onError: gone });
  STATX.words.forEach(([offset, bits], index) => {
    builder.load(wanted, 64, entry, (index + 1) * WORD);
    builder.load(found, bits, state, offset);
    builder.branch(wanted, 'notEqual', found, different);
  });
  builder.jump(same);
  builder.place(gone);
  missing(entry);
  builder.place(same);
  builder.compute(entry, 'add', entry, ENTRY_SIZE);
  builder.jump(next);
  builder.place(done);
}

/** ioctl_tty(2): only a terminal has attributes. */
function onTerminal({ builder }: Lowering, { stay }: { stay: Label }): void {
  const attributes = builder.buffer(64, '&attributes');
  for (const stream of [0, 1, 2])
    builder.syscall('ioctl', [stream, flags(TERMINAL_IOCTL, 'TCGETS'), attributes], { onError: stay });
}

/**
 * A sandbox runs while its lock is held, and the pid of its init is there once it is set up; whoever opens it removes that
 * of the last time, with the lock in hand.
 */
function running(lowering: Lowering, directory: string, { stay }: { stay: Label }): Pointer {
  const { builder } = lowering;
  const file = builder.scratch('lock file');
  const held = builder.label('lock is held');
  const digits = builder.buffer(PID_SIZE, 'pid');
  const read = openFlags(builder, 'O_RDONLY', 'O_NOFOLLOW');
  builder.syscall('openat', [HERE, builder.string(`${directory}/lock`), read, 0], { result: file, onError: stay });
  builder.syscall('flock', [file, flags(LOCK, 'LOCK_SH', 'LOCK_NB')], { onError: held });
  close(builder, file);
  builder.jump(stay);
  builder.place(held);
  builder.branch(builder.outcome, 'notEqual', failedWith('EWOULDBLOCK'), stay);
  close(builder, file);
  builder.syscall('openat', [HERE, builder.string(`${directory}/pid`), read, 0], { result: file, onError: stay });
  builder.syscall('read', [file, digits, PID_SIZE - 1], { onError: stay });
  builder.branch(builder.outcome, 'equal', 0, stay);
  close(builder, file);
  return digits;
}
