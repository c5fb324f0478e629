import type { Arch } from '../../src/linux/arch.ts';
import { errnoNumber } from '../../src/linux/errno.ts';
import type { RawKernel } from '../../src/linux/raw-kernel.ts';
import { syscallName } from '../../src/linux/syscall-numbers.ts';

/** One system call as the double saw it. `name` is 'syscall N' for a number that the architecture does not have. */
export interface RecordedCall {
  readonly name: string;
  readonly args: readonly bigint[];
}

/**
 * What the double answers to one system call: always the same result, an errno by name, or what a function makes of the
 * arguments and of how often this call was made before (0 at first).
 */
export type Answer =
  | bigint
  | { readonly errno: string }
  | ((args: readonly bigint[], earlier: number) => bigint | { readonly errno: string });

/** A kernel that does nothing but write down what it is asked, so that programs can be tested without privileges. */
export class RecordingKernel implements RawKernel {
  readonly calls: RecordedCall[] = [];
  readonly #arch: Arch;
  readonly #script: ReadonlyMap<string, Answer>;

  /** Calls that the script does not name are answered with 0. */
  constructor(arch: Arch, script: Readonly<Record<string, Answer>> = {}) {
    this.#arch = arch;
    this.#script = new Map(Object.entries(script));
  }

  syscall(nr: number, args: readonly bigint[]): bigint {
    const name = syscallName(this.#arch, nr) ?? `syscall ${nr}`;
    const earlier = this.calls.filter((call) => call.name === name).length;
    this.calls.push({ name, args: [...args] });
    const scripted = this.#script.get(name) ?? 0n;
    const answer = typeof scripted === 'function' ? scripted(args, earlier) : scripted;
    if (typeof answer === 'bigint') return answer;
    const errno = errnoNumber(answer.errno);
    if (errno === undefined)
      throw new RangeError(`the script answers ${name} with '${answer.errno}', which is no errno`);
    return BigInt(-errno);
  }
}
