import { WAIT } from '../../linux/constants/process.ts';
import { errnoNumber } from '../../linux/errno.ts';
import { ERRNO_TABLE } from '../../linux/errno-table.ts';
import { flags, type Label, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { describeOperation } from '../describe-operation.ts';
import type { SetupOp } from '../operations.ts';
import { environment } from './callers-words.ts';
import { INTERPRETER_MISSING } from './command.ts';
import type { Lowering } from './context.ts';
import { decimal } from './decimal.ts';

/** Exit statuses that docker and env(1) made known. */
export const OWN_FAILURE = 125;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** The program that says more than a launcher can. */
export interface Explainer {
  readonly executable: string;
  /** Turns a failure into a text with cause and hint: `EXECUTABLE ARGUMENT… OPERATION DESCRIPTION ERRNO`. */
  readonly arguments: readonly string[];
  /** Says why a sandbox with limits was killed, and removes its control group: `EXECUTABLE ARGUMENT… GROUP`. */
  readonly afterKill: readonly string[];
}

/** struct iovec for a constant text. */
function iovec(builder: ProgramBuilder, text: string): [Pointer, number] {
  return [builder.string(text), Buffer.byteLength(text)];
}

const plain = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * The monitor's last words when an operation failed, here or inside: `step` is its number and `errno` positive. The
 * explainer says it best; where it cannot be run, one line on standard error names the operation and the errno.
 */
export function reportFailure(
  lowering: Lowering,
  operations: readonly SetupOp[],
  step: Slot,
  errno: Slot,
  explainer: Explainer | undefined,
): void {
  const { builder } = lowering;
  reportCommand(lowering, operations, step, errno);
  const offset = builder.scratch('table offset');
  const entry = builder.scratch('table entry');
  const length = builder.scratch('table length');
  const descriptions = textTable(
    builder,
    operations.map((operation) => plain(describeOperation(operation))),
    'descriptions',
  );
  /** The text of a table at `index` goes to `entry`, its size to `length`. */
  const look = ({ texts, index: table }: TextTable, index: Slot): void => {
    builder.compute(offset, 'shiftLeft', index, 3);
    builder.load(entry, 64, table, offset);
    builder.compute(length, 'and', entry, LENGTH_MASK);
    builder.compute(entry, 'shiftRight', entry, LENGTH_BITS);
    builder.compute(entry, 'add', entry, texts);
  };
  if (explainer) {
    const digits = decimal(builder, errno);
    const words = [explainer.executable, ...explainer.arguments];
    const argv = builder.writableWords([...words.map((text) => builder.string(text)), 0, 0, 0, 0], 'the explanation');
    const first = words.length * 8;
    look(
      textTable(
        builder,
        operations.map(({ op }) => op),
        'operations',
      ),
      step,
    );
    builder.store(64, argv, first, entry);
    look(descriptions, step);
    builder.store(64, argv, first + 8, entry);
    builder.store(64, argv, first + 16, digits.start);
    builder.syscall('execve', [builder.string(explainer.executable), argv, environment(builder)], {
      onError: 'ignore',
    });
  }
  const line = builder.writableWords(
    [...iovec(builder, 'sandbox: cannot '), 0, 0, ...iovec(builder, ': '), 0, 0, ...iovec(builder, '\n')],
    'the line',
  );
  const put = (place: number): void => {
    builder.store(64, line, place, entry);
    builder.store(64, line, place + 8, length);
  };
  look(descriptions, step);
  put(16);
  const known = builder.label('errno has a name');
  const unknown = builder.label('errno has no name');
  builder.branch(errno, 'less', 0, unknown);
  builder.branch(errno, 'less', ERRNO_LIMIT, known);
  builder.place(unknown);
  builder.move(errno, 0);
  builder.place(known);
  look(textTable(builder, errnoNames(), 'errno names'), errno);
  put(48);
  builder.syscall('writev', [2, line, 5], { onError: 'ignore' });
  builder.syscall('exit_group', [OWN_FAILURE]);
}

/** Texts one after the other, each NUL-terminated, and for each a word with its place and its size. */
interface TextTable {
  readonly texts: Pointer;
  readonly index: Pointer;
}

const LENGTH_BITS = 20;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;

function textTable(builder: ProgramBuilder, texts: readonly string[], name: string): TextTable {
  let place = 0;
  const index = texts.map((text) => {
    const size = Buffer.byteLength(text);
    const word = place * (1 << LENGTH_BITS) + size;
    place += size + 1;
    return word;
  });
  return {
    texts: builder.bytes(Buffer.from(`${texts.join('\0')}\0`), name),
    index: builder.words(index, `places of the ${name}`),
  };
}

const ERRNO_LIMIT = 134;

function errnoNames(): string[] {
  const names = new Array<string>(ERRNO_LIMIT).fill('unknown error');
  for (const [number, name] of ERRNO_TABLE) if (number < ERRNO_LIMIT) names[number] = name;
  return names;
}

/** What can be said of a command that did not start needs nothing but its name and the errno. */
function reportCommand(lowering: Lowering, operations: readonly SetupOp[], step: Slot, errno: Slot): void {
  const { builder } = lowering;
  operations.forEach((operation, number) => {
    if (operation.op !== 'execute') return;
    const other = builder.label('not the command');
    builder.branch(step, 'notEqual', number, other);
    const name = plain(operation.command[0] ?? '');
    const machine = builder.arch;
    const messages: ReadonlyArray<readonly [errno: number, status: number, text: string]> = [
      [errnoNumber('ENOENT') ?? 0, NOT_FOUND, `sandbox: ${name}: command not found in the sandbox\n`],
      [
        errnoNumber('EACCES') ?? 0,
        NOT_EXECUTABLE,
        `sandbox: ${name}: permission denied: it is a directory or has no execute permission (EACCES)\n`,
      ],
      [
        errnoNumber('ENOEXEC') ?? 0,
        NOT_EXECUTABLE,
        `sandbox: ${name}: exec format error: not a program for this machine (${machine}), nor a script that starts with #! (ENOEXEC)\n`,
      ],
      [
        INTERPRETER_MISSING,
        NOT_EXECUTABLE,
        `sandbox: ${name}: the file exists, but its interpreter (the #! line or the ELF loader) does not (ENOENT)\n`,
      ],
      [
        errnoNumber('E2BIG') ?? 0,
        NOT_EXECUTABLE,
        `sandbox: ${name}: the arguments and the environment are too long (E2BIG)\n`,
      ],
      [errnoNumber('ETXTBSY') ?? 0, NOT_EXECUTABLE, `sandbox: ${name}: the file is being written (ETXTBSY)\n`],
    ];
    for (const [value, status, text] of messages) {
      const next = builder.label('next message');
      builder.branch(errno, 'notEqual', value, next);
      builder.syscall('write', [2, builder.string(text), Buffer.byteLength(text)], { onError: 'ignore' });
      builder.syscall('exit_group', [status]);
      builder.place(next);
    }
    builder.place(other);
  });
}

/** Init or the command's process tells the monitor which step failed and why, and ends. */
export function reportToMonitor(lowering: Lowering): void {
  const { builder } = lowering;
  const record = builder.buffer(16, '&{step, errno}');
  builder.place(lowering.childFailure);
  builder.compute(builder.outcome, 'subtract', 0, builder.outcome);
  builder.store(64, record, 0, builder.step);
  builder.store(64, record, 8, builder.outcome);
  builder.syscall('write', [lowering.statusWrite, record, 16], { onError: 'ignore' });
  builder.syscall('exit_group', [OWN_FAILURE]);
}

/** Reads the status pipe to its end: falls through with a failure in `step` and `errno`, else goes to `started`. */
export function awaitStart(lowering: Lowering, step: Slot, errno: Slot, started: Label, steps: number): void {
  const { builder } = lowering;
  const believable = builder.label('step exists');
  const unbelievable = builder.label('no such step');
  const record = builder.buffer(16, '&{step, errno}');
  builder.syscall('read', [lowering.statusRead, record, 16]);
  builder.branch(builder.outcome, 'equal', 0, started);
  builder.load(step, 64, record, 0);
  builder.load(errno, 64, record, 8);
  // The step is looked up in tables: whatever a process inside makes of the record, it must be one of theirs.
  builder.branch(step, 'less', 0, unbelievable);
  builder.branch(step, 'less', steps, believable);
  builder.place(unbelievable);
  builder.move(step, 0);
  builder.place(believable);
  builder.syscall('wait4', [lowering.child, builder.buffer(8, '&status'), flags(WAIT, '__WALL'), 0], {
    onError: 'ignore',
  });
}
