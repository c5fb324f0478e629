import { SECCOMP_NOTIFY, SECCOMP_RET } from '../../linux/constants/seccomp.ts';
import { errnoNumber } from '../../linux/errno.ts';
import type { Argument, Label, Pointer, Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

/** struct sock_filter entries as [code, jt, jf, k]. */
export type Filter = ReadonlyArray<readonly [code: number, jumpTrue: number, jumpFalse: number, k: number]>;

/** Codes of classic BPF: include/uapi/linux/bpf_common.h. */
const LOAD_WORD = 0x20;
const AND = 0x54;
const JUMP = 0x05;
const RETURN = 0x06;
/** BPF_JMP | … | BPF_K: what comes where, in terms of a signed comparison of 64-bit numbers that are not negative. */
const JUMPS = new Map([
  [0x15, 'equal'],
  [0x25, 'greater'],
  [0x35, 'greaterOrEqual'],
  [0x45, 'anyBit'],
] as const);

const DATA_MASK = 0xffff;

/** What becomes of a call: an errno and no flag, or the flag that lets it go on. */
export interface Verdict {
  readonly errno: Slot;
  readonly goesOn: Slot;
}

/**
 * A filter as a part of the program: it judges the struct seccomp_data at `data` as the kernel would, instruction by
 * instruction; Documentation/networking/filter.rst. Throws a RangeError for instructions that filters here are not made of.
 */
export function verdict(builder: ProgramBuilder, filter: Filter, data: Pointer, { errno, goesOn }: Verdict): void {
  const done = builder.label('judged');
  const labels = filter.map((_, index) => builder.label(`filter ${index}`));
  const word = builder.slot('filter word');
  const bits = builder.slot('filter bits');
  const large = builder.slot('filter constant');
  const at = (index: number): Label => {
    const label = labels[index];
    if (label === undefined) throw new RangeError(`a filter of ${filter.length} instructions jumps to ${index}`);
    return label;
  };
  /** A constant of 32 bits without sign; an operand is one of 32 bits with it. */
  const constant = (k: number): Argument => {
    if (k < 2 ** 31) return k;
    builder.compute(large, 'add', 1, k - 2 ** 31);
    builder.compute(large, 'add', large, 2 ** 31 - 1);
    return large;
  };
  filter.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    builder.place(at(index));
    const jump = JUMPS.get(code as 0x15);
    if (code === LOAD_WORD) builder.load(word, 32, data, k);
    else if (code === AND) builder.compute(word, 'and', word, constant(k));
    else if (code === JUMP) builder.jump(at(index + 1 + k));
    else if (code === RETURN) {
      const isErrno = k - (k & DATA_MASK) === SECCOMP_RET.SECCOMP_RET_ERRNO;
      const isAllowed = k === SECCOMP_RET.SECCOMP_RET_ALLOW || k === SECCOMP_RET.SECCOMP_RET_LOG;
      // What ends a process the kernel does itself, and never asks.
      builder.move(errno, isErrno ? k & DATA_MASK : isAllowed ? 0 : (errnoNumber('EPERM') ?? 1));
      builder.move(goesOn, isAllowed ? SECCOMP_NOTIFY.SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0);
      builder.jump(done);
    } else if (jump === 'anyBit') {
      builder.compute(bits, 'and', word, constant(k));
      builder.branch(bits, 'notEqual', 0, at(index + 1 + jumpTrue));
      builder.jump(at(index + 1 + jumpFalse));
    } else if (jump === 'greater' && k === 2 ** 32 - 1) builder.jump(at(index + 1 + jumpFalse));
    else if (jump) {
      const greater = jump === 'greater';
      builder.branch(word, greater ? 'greaterOrEqual' : jump, constant(greater ? k + 1 : k), at(index + 1 + jumpTrue));
      builder.jump(at(index + 1 + jumpFalse));
    } else throw new RangeError(`a filter has the instruction code 0x${code.toString(16)}`);
  });
  builder.place(done);
}
