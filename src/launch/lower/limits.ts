import { ITIMER, RLIMIT } from '../../linux/constants/resource.ts';
import { SIGNAL } from '../../linux/constants/signal.ts';
import { flags, type Label, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
import type { Lowering } from './context.ts';
import { SI_KERNEL, SIGINFO_CODE, type SuperviseData } from './supervise.ts';

/** The command's process; whoever asks for more than the user may have is told so before (commands/spec/limits.ts). */
export function resourceLimits({ builder }: Lowering, { limits }: Extract<SetupOp, { op: 'resourceLimits' }>): void {
  for (const { name, soft, hard } of limits) {
    const number = Object.entries(RLIMIT).find(([known]) => known === name)?.[1];
    if (number === undefined) throw new RangeError(`there is no RLIMIT_${name}`);
    const resource = { kind: 'named', value: number, text: `RLIMIT_${name}` } as const;
    const text = `{soft=${soft}, hard=${hard}}`;
    builder.syscall('prlimit64', [0, resource, builder.words([soft, hard], text), 0], { onError: 'ignore' });
  }
}

/** The monitor: the kernel sends it SIGALRM then, which no process inside can take for its own; setitimer(2). */
export function timeLimit({ builder }: Lowering, { seconds }: Extract<SetupOp, { op: 'timeLimit' }>): void {
  const whole = Math.floor(seconds);
  const text = `{interval=0, value=${seconds} s}`;
  const value = builder.words([0, 0, whole, Math.round((seconds - whole) * 1_000_000)], text);
  builder.syscall('setitimer', [flags(ITIMER, 'ITIMER_REAL'), value, 0]);
}

/** What the monitor's loop needs for `timeLimit`: whether the time is over, and what is said then. */
export interface Expiry {
  readonly expired: Slot;
  readonly seconds: number;
}

export function expiryOf(builder: ProgramBuilder, operations: readonly SetupOp[]): Expiry | undefined {
  const seconds = operations.find((operation) => operation.op === 'timeLimit')?.seconds;
  return seconds === undefined ? undefined : { expired: builder.slot('time is over'), seconds };
}

/** Where the loop has a signal: on SIGALRM of the timer (and not of a user) the sandbox is killed, and `loop` goes on. */
export function expireOnAlarm(
  builder: ProgramBuilder,
  data: SuperviseData,
  child: Slot,
  { expired }: Expiry,
  { signal, loop }: { readonly signal: Slot; readonly loop: Label },
): void {
  const other = builder.label('not the time limit');
  const code = builder.scratch('si_code');
  builder.branch(signal, 'notEqual', flags(SIGNAL, 'SIGALRM'), other);
  builder.load(code, 32, data.info, SIGINFO_CODE);
  builder.branch(code, 'notEqual', SI_KERNEL, other);
  builder.move(expired, 1);
  builder.syscall('kill', [child, flags(SIGNAL, 'SIGKILL')], { onError: 'ignore' });
  builder.jump(loop);
  builder.place(other);
}

/** At the end, on a terminal that is the user's again. */
export function sayExpired(builder: ProgramBuilder, { expired, seconds }: Expiry): void {
  const inTime = builder.label('in time');
  const text = Buffer.from(`sandbox: the time limit of ${seconds} s is over (--timeout): killed\n`);
  builder.branch(expired, 'equal', 0, inTime);
  builder.syscall('write', [2, builder.data(text, 'the time is over'), text.length], { onError: 'ignore' });
  builder.place(inTime);
}
