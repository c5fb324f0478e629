import type { SetupOp } from '../launch/operations.ts';
import type { Arch } from '../linux/arch.ts';
import { AUDIT_ARCH, SECCOMP_RET } from '../linux/constants/seccomp.ts';
import { errnoNumber } from '../linux/errno.ts';
import { syscallNumber } from '../linux/syscall-numbers.ts';

type Filter = Extract<SetupOp, { op: 'seccomp' }>['filter'];

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const RETURN = 0x06;
/** Offsets in struct seccomp_data: the low words of arguments, which come first on both architectures. */
const DATA = { number: 0, arch: 4, first: 16, third: 32, fourth: 40 } as const;

/** include/linux/socket.h, uapi/linux/in.h. */
const AF_SMC = 43;
const IPPROTO_SCTP = 132;
const IPPROTO_MPTCP = 262;
const MSG_FASTOPEN = 0x2000_0000;

const fails = (errno: string): number => (SECCOMP_RET.SECCOMP_RET_ERRNO | (errnoNumber(errno) ?? 0)) >>> 0;

type Step =
  | { readonly at: string }
  | { readonly load: number }
  | { readonly if: 'is' | 'has'; readonly value: number; readonly to: string }
  | { readonly give: number };

/**
 * Landlock's rules for ports look at bind(2) and connect(2) of TCP sockets. A connection can be made without: by the first
 * data of a socket (TCP Fast Open), and by MPTCP, which speaks TCP with whoever does not know it. Both fail here as in a
 * kernel without them, and so do SMC and SCTP. io_uring and the 32-bit mode, which have ways of their own, are not there.
 */
export function portFilter(arch: Arch): Filter {
  const call = (name: string, to: string): Step => ({ if: 'is', value: syscallNumber(arch, name), to });
  return assemble([
    { load: DATA.arch },
    { if: 'is', value: AUDIT_ARCH[arch], to: 'native' },
    { give: fails('ENOSYS') },
    { at: 'native' },
    { load: DATA.number },
    call('socket', 'socket'),
    call('sendto', 'fourth'),
    call('sendmmsg', 'fourth'),
    call('sendmsg', 'third'),
    call('io_uring_setup', 'missing'),
    { give: SECCOMP_RET.SECCOMP_RET_ALLOW },
    { at: 'socket' },
    { load: DATA.first },
    { if: 'is', value: AF_SMC, to: 'unknown' },
    { load: DATA.third },
    { if: 'is', value: IPPROTO_MPTCP, to: 'unknown' },
    { if: 'is', value: IPPROTO_SCTP, to: 'unknown' },
    { give: SECCOMP_RET.SECCOMP_RET_ALLOW },
    { at: 'fourth' },
    { load: DATA.fourth },
    { if: 'has', value: MSG_FASTOPEN, to: 'unsupported' },
    { give: SECCOMP_RET.SECCOMP_RET_ALLOW },
    { at: 'third' },
    { load: DATA.third },
    { if: 'has', value: MSG_FASTOPEN, to: 'unsupported' },
    { give: SECCOMP_RET.SECCOMP_RET_ALLOW },
    { at: 'missing' },
    { give: fails('ENOSYS') },
    { at: 'unknown' },
    { give: fails('EPROTONOSUPPORT') },
    { at: 'unsupported' },
    { give: fails('EOPNOTSUPP') },
  ]);
}

/** Jumps go forward only, counted from the instruction behind them. */
function assemble(steps: readonly Step[]): Filter {
  const instructions = steps.filter((step) => !('at' in step));
  const places = new Map<string, number>();
  let length = 0;
  for (const step of steps) {
    if ('at' in step) places.set(step.at, length);
    else length++;
  }
  return instructions.map((step, index) => {
    if ('load' in step) return [LOAD, 0, 0, step.load] as const;
    if ('give' in step) return [RETURN, 0, 0, step.give] as const;
    if ('at' in step) throw new TypeError('a place is no instruction');
    const distance = (places.get(step.to) ?? 0) - index - 1;
    return [step.if === 'is' ? JUMP_EQUAL : JUMP_SET, distance, 0, step.value] as const;
  });
}
