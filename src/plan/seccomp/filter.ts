import type { Arch } from '../../linux/arch.ts';
import { TERMINAL_IOCTL } from '../../linux/constants/ioctl.ts';
import { AUDIT_ARCH, SECCOMP_RET, X32_SYSCALL_BIT } from '../../linux/constants/seccomp.ts';
import { errnoNumber } from '../../linux/errno.ts';
import { syscallTable } from '../../linux/syscall-numbers.ts';

/** One struct sock_filter: code, jump if true, jump if false, operand; bpf(4), Documentation/networking/filter.rst. */
export type FilterInstruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;
/** Offsets in struct seccomp_data; an argument's low word comes first on both architectures. */
const DATA = { number: 0, arch: 4, secondArgument: 24 } as const;
/** ioctl(2) for 32-bit programs, on x86 (arch/x86/entry/syscalls/syscall_32.tbl) as on arm (arch/arm/tools/syscall.tbl). */
const IOCTL_32 = 54;

const fails = (name: 'EPERM' | 'ENOSYS'): number => (SECCOMP_RET.SECCOMP_RET_ERRNO | (errnoNumber(name) ?? 0)) >>> 0;
const PRETENDS = SECCOMP_RET.SECCOMP_RET_ERRNO;

/** Calls that change owners or identities: with one mapped id they cannot do what they are asked. */
const EMULATED = [
  'chown',
  'lchown',
  'fchown',
  'fchownat',
  'setuid',
  'setgid',
  'setreuid',
  'setregid',
  'setresuid',
  'setresgid',
  'setfsuid',
  'setfsgid',
  'setgroups',
];

/** Keyrings belong to no namespace: the keys of the login session (Kerberos tickets, for one) are not the sandbox's. */
const KEYRINGS = ['add_key', 'request_key', 'keyctl'];
/** The same for 32-bit programs: arch/x86/entry/syscalls/syscall_32.tbl, arch/arm/tools/syscall.tbl. */
const KEYRINGS_32: Readonly<Record<Arch, readonly number[]>> = { x86_64: [286, 287, 288], aarch64: [309, 310, 311] };

/** What a filter is to do besides letting everything pass. */
export interface FilterRules {
  /**
   * The command shares the user's terminal: TIOCSTI would type into it, TIOCLINUX paste into a console
   * (CVE-2017-5226). Both are refused, for 32-bit programs too.
   */
  readonly guardTerminal: boolean;
  /** Root with a single id: changing owners and identities succeeds without effect, so that package managers work. */
  readonly emulateRoot: boolean;
}

/** The return at the end of the filter that a jump goes to: their order there. */
type Verdict = 'allow' | 'refuse' | 'pretend' | 'unknown';
const VERDICTS: readonly Verdict[] = ['allow', 'refuse', 'pretend', 'unknown'];
const RETURNED: Record<Verdict, number> = {
  allow: SECCOMP_RET.SECCOMP_RET_ALLOW,
  refuse: fails('EPERM'),
  pretend: PRETENDS,
  unknown: fails('ENOSYS'),
};

/**
 * Gives the filter for an architecture, in the kernel's form. There are no keyrings (ENOSYS, as on kernels without
 * them), and no calls through the x32 ABI, which nobody uses.
 */
export function systemCallFilter(arch: Arch, { guardTerminal, emulateRoot }: FilterRules): FilterInstruction[] {
  const table = syscallTable(arch);
  const emulated = emulateRoot ? EMULATED.flatMap((name) => table.get(name) ?? []) : [];
  const native: Step[] = [{ kind: 'load', offset: DATA.number }];
  if (arch === 'x86_64')
    native.push({ kind: 'test', code: JUMP_GREATER_OR_EQUAL, value: X32_SYSCALL_BIT, verdict: 'unknown' });
  for (const name of KEYRINGS)
    native.push({ kind: 'test', code: JUMP_EQUAL, value: table.get(name) ?? -1, verdict: 'unknown' });
  for (const number of emulated) native.push({ kind: 'test', code: JUMP_EQUAL, value: number, verdict: 'pretend' });
  if (guardTerminal) native.push(...ioctlRules(table.get('ioctl') ?? 0));
  native.push({ kind: 'end' });
  const other: Step[] = [
    { kind: 'load', offset: DATA.number },
    ...KEYRINGS_32[arch].map((value): Step => ({ kind: 'test', code: JUMP_EQUAL, value, verdict: 'unknown' })),
    ...(guardTerminal ? ioctlRules(IOCTL_32) : []),
    { kind: 'end' },
  ];
  const steps: Step[] = [
    { kind: 'load', offset: DATA.arch },
    { kind: 'skip', value: AUDIT_ARCH[arch], over: native.length },
    ...native,
    ...other,
  ];
  return encode(steps);
}

/** A call other than ioctl is allowed at once; its request decides the rest. */
function ioctlRules(number: number): Step[] {
  return [
    { kind: 'unless', value: number, verdict: 'allow' },
    { kind: 'load', offset: DATA.secondArgument },
    { kind: 'test', code: JUMP_EQUAL, value: TERMINAL_IOCTL.TIOCSTI, verdict: 'refuse' },
    { kind: 'test', code: JUMP_EQUAL, value: TERMINAL_IOCTL.TIOCLINUX, verdict: 'refuse' },
  ];
}

type Step =
  | { readonly kind: 'load'; readonly offset: number }
  /** To the verdict when the comparison holds. */
  | { readonly kind: 'test'; readonly code: number; readonly value: number; readonly verdict: Verdict }
  /** To the verdict unless equal. */
  | { readonly kind: 'unless'; readonly value: number; readonly verdict: Verdict }
  /** Over the next steps unless equal. */
  | { readonly kind: 'skip'; readonly value: number; readonly over: number }
  | { readonly kind: 'end' };

function encode(steps: readonly Step[]): FilterInstruction[] {
  const ends = VERDICTS.map((verdict): FilterInstruction => [RETURN, 0, 0, RETURNED[verdict]]);
  return [...steps.map((step, index) => encodeStep(step, steps.length - index - 1)), ...ends];
}

/** `toEnd`: how many steps lie between this one and the returns at the end. */
function encodeStep(step: Step, toEnd: number): FilterInstruction {
  const distance = (verdict: Verdict): number => toEnd + VERDICTS.indexOf(verdict);
  switch (step.kind) {
    case 'load':
      return [LOAD, 0, 0, step.offset];
    case 'test':
      return [step.code, distance(step.verdict), 0, step.value];
    case 'unless':
      return [JUMP_EQUAL, 0, distance(step.verdict), step.value];
    case 'skip':
      return [JUMP_EQUAL, 0, step.over, step.value];
    case 'end':
      return [RETURN, 0, 0, RETURNED.allow];
  }
}
