/** What the kernel makes of a seccomp filter: the instructions of bpf_check_classic and bpf_prog_run that filters use. */
import type { FilterInstruction } from '../../src/plan/seccomp/instruction.ts';

/** struct seccomp_data, seccomp(2). */
export interface SystemCallData {
  readonly number: number;
  readonly arch: number;
  readonly arguments: readonly bigint[];
}

/** Classic BPF codes, include/uapi/linux/bpf_common.h: class | size or operation | source. */
const CODE = {
  loadWord: 0x20,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpGreaterOrEqual: 0x35,
  jumpSet: 0x45,
  and: 0x54,
  jump: 0x05,
  return: 0x06,
};

function bytesOf(data: SystemCallData): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(data.number >>> 0, 0);
  bytes.writeUInt32LE(data.arch >>> 0, 4);
  data.arguments.forEach((value, index) => void bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 16 + index * 8));
  return bytes;
}

/** Gives a filter's verdict, unsigned. Throws where the kernel would have refused the filter. */
export function verdict(filter: readonly FilterInstruction[], data: SystemCallData): number {
  return run(filter, data).verdict;
}

/** Gives the verdict, and how many instructions it took. */
export function run(
  filter: readonly FilterInstruction[],
  data: SystemCallData,
): { readonly verdict: number; readonly steps: number } {
  let steps = 0;
  const bytes = bytesOf(data);
  let accumulator = 0;
  for (let next = 0; next < filter.length; next++) {
    steps++;
    const [code, jumpTrue, jumpFalse, k] = filter[next] ?? [0, 0, 0, 0];
    const jump = (holds: boolean) => {
      next += holds ? jumpTrue : jumpFalse;
    };
    switch (code) {
      case CODE.loadWord:
        if (k % 4 !== 0 || k + 4 > bytes.length) throw new RangeError(`load from ${k}`);
        accumulator = bytes.readUInt32LE(k);
        break;
      case CODE.and:
        accumulator = (accumulator & k) >>> 0;
        break;
      case CODE.jump:
        next += k;
        break;
      case CODE.jumpEqual:
        jump(accumulator === k >>> 0);
        break;
      case CODE.jumpGreater:
        jump(accumulator > k >>> 0);
        break;
      case CODE.jumpGreaterOrEqual:
        jump(accumulator >= k >>> 0);
        break;
      case CODE.jumpSet:
        jump((accumulator & k) !== 0);
        break;
      case CODE.return:
        return { verdict: k >>> 0, steps };
      default:
        throw new RangeError(`instruction ${next} has the unknown code ${code}`);
    }
  }
  throw new RangeError('the filter has no verdict');
}
