import type { Argument, Pointer, Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

const WORD = 8;
/** Where argv lies above the initial stack pointer: behind argc. System V ABI, "Process Initialization". */
const ARGV = 8;

/** envp of the launcher itself: behind argc, argv and its NULL. */
export function environment(builder: ProgramBuilder): Slot {
  const envp = builder.scratch('environment');
  builder.load(envp, 64, builder.stack, 0);
  builder.compute(envp, 'shiftLeft', envp, 3);
  builder.compute(envp, 'add', envp, 16);
  builder.compute(envp, 'add', envp, builder.stack);
  return envp;
}

/**
 * Gives an argv of `words` and the launcher's own arguments from number `from` on (argv[0] is number 0). They are not copied: there may be
 * a million of them. The words are written in front of them, over argc where there are many, so that nothing of argc, and
 * {@link environment}, can be asked for after this: what comes is execve(2).
 */
export function withCallersArguments(
  builder: ProgramBuilder,
  words: ReadonlyArray<Pointer | Slot>,
  from: number,
): Slot {
  const argv = builder.scratch('argv');
  const count = builder.scratch('argc');
  const enough = builder.label('there are arguments');
  builder.load(count, 64, builder.stack, 0);
  builder.compute(argv, 'add', builder.stack, ARGV + (from - words.length) * WORD);
  builder.branch(count, 'greaterOrEqual', from, enough);
  // Whoever starts a program may leave out even its name: the list would go on with the environment.
  builder.store(64, builder.stack, ARGV + from * WORD, 0);
  builder.place(enough);
  words.forEach((word: Argument, index) => void builder.store(64, argv, index * WORD, word));
  return argv;
}

/**
 * Overwrites the strings of the launcher's environment: a process that stays in the sandbox was started with all of the
 * caller's variables, and proc_pid_environ(5) shows those of any process that may be traced.
 */
export function forgetEnvironment(builder: ProgramBuilder): void {
  const entry = environment(builder);
  const at = builder.scratch('string');
  const end = builder.scratch('end of the strings');
  const byte = builder.scratch('byte');
  const next = builder.label('next variable');
  const wipe = builder.label('wipe a variable');
  const last = builder.label('last variable');
  const long = builder.label('eight bytes');
  const done = builder.label('variables are wiped');
  const after = builder.scratch('next string');
  builder.place(next);
  builder.load(at, 64, entry, 0);
  builder.branch(at, 'equal', 0, done);
  builder.load(after, 64, entry, WORD);
  builder.compute(entry, 'add', entry, WORD);
  // The kernel lays the strings out one after the other, and ends each with a NUL.
  builder.move(end, after);
  builder.branch(after, 'equal', 0, last);
  builder.jump(long);
  builder.place(last);
  builder.place(wipe);
  builder.load(byte, 8, at, 0);
  builder.branch(byte, 'equal', 0, next);
  builder.store(8, at, 0, 0);
  builder.compute(at, 'add', at, 1);
  builder.jump(wipe);
  builder.place(long);
  builder.compute(end, 'subtract', after, WORD);
  const again = builder.label('next eight bytes');
  const rest = builder.label('less than eight bytes');
  builder.place(again);
  builder.branch(end, 'less', at, rest);
  builder.store(64, at, 0, 0);
  builder.compute(at, 'add', at, WORD);
  builder.jump(again);
  builder.place(rest);
  builder.branch(at, 'greaterOrEqual', after, next);
  builder.store(8, at, 0, 0);
  builder.compute(at, 'add', at, 1);
  builder.jump(rest);
  builder.place(done);
}
