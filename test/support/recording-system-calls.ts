import { errnoNumber } from '../../src/linux/errno.ts';
import type { SystemCall, SystemCallArgument } from '../../src/linux/system-call.ts';

/** One call as the double saw it; bytes are a copy of what they were when it was made. */
export interface RecordedSystemCall {
  readonly name: string;
  readonly args: readonly SystemCallArgument[];
}

/** A result, an errno by name, or a function that may also write into the bytes it is given. */
export type SystemCallAnswer =
  | number
  | { readonly errno: string }
  | ((args: readonly SystemCallArgument[]) => number | { readonly errno: string });

/**
 * A SystemCall that asks no kernel: put a KernelSyscalls over it to test what calls Syscalls. Each name has a list of
 * answers, used one after the other, the last one for ever; names without one are answered with 0.
 */
export function recordingSystemCalls(script: Readonly<Record<string, readonly SystemCallAnswer[]>> = {}): {
  readonly call: SystemCall;
  readonly calls: readonly RecordedSystemCall[];
} {
  const calls: RecordedSystemCall[] = [];
  const used = new Map<string, number>();
  const call: SystemCall = (name, ...args) => {
    calls.push({ name, args: args.map((arg) => (arg instanceof Uint8Array ? Uint8Array.from(arg) : arg)) });
    const answers = script[name] ?? [];
    const turn = used.get(name) ?? 0;
    used.set(name, turn + 1);
    const scripted = answers[Math.min(turn, answers.length - 1)] ?? 0;
    const answer = typeof scripted === 'function' ? scripted(args) : scripted;
    if (typeof answer === 'number') return BigInt(answer);
    const errno = errnoNumber(answer.errno);
    if (errno === undefined)
      throw new RangeError(`the script answers ${name} with '${answer.errno}', which is no errno`);
    return BigInt(-errno);
  };
  return { call, calls };
}
