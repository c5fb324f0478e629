import type { Arch } from '../linux/arch.ts';
import { errnoNumber } from '../linux/errno.ts';
import { AuditError } from './error.ts';
import type { AuditLog } from './log.ts';

/** A profile in docker's format; containers-common, seccomp.json. */
export interface LearnedProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly LearnedRule[];
}

export interface LearnedRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: ReadonlyArray<{
    readonly index: number;
    readonly value: number;
    readonly valueTwo: number;
    readonly op: 'SCMP_CMP_MASKED_EQ';
  }>;
  readonly comment?: string;
}

const EPERM = 1;
const ARCHITECTURE: Readonly<Record<Arch, string>> = { x86_64: 'SCMP_ARCH_X86_64', aarch64: 'SCMP_ARCH_AARCH64' };
/** The kernel looks at no more of an argument by which calls are told apart. */
const WORD = 0xffff_ffff;

/**
 * What happens between the filter and the command, with whatever options, and what no program decides to call: the return
 * from a signal, and the end.
 */
const ALWAYS = [
  'capget',
  'capset',
  'close_range',
  'execve',
  'exit',
  'exit_group',
  'faccessat',
  'geteuid',
  'prctl',
  'restart_syscall',
  'rt_sigaction',
  'rt_sigprocmask',
  'rt_sigreturn',
  'setgroups',
  'setresgid',
  'setresuid',
  'umask',
  'write',
];

/**
 * Gives a profile that allows the calls that were made and went on, and nothing else. Of those that were allowed or not by
 * their arguments (`socket`, `clone`) it allows the very arguments. What was refused stays so, with the same errno. Throws an
 * AuditError where the log was not written to learn from, or is full.
 */
export function learnProfile(log: AuditLog): LearnedProfile {
  if (log.dropped > 0) throw AuditError.incomplete(log.dropped);
  if (log.depth !== 'learn') throw AuditError.nothingLearnt();
  const conditional = conditionalRules(log);
  const byArguments = new Set(conditional.flatMap(({ names }) => names));
  const made = log.calls.flatMap(({ name, asked, refused }) => (name !== undefined && asked > refused ? [name] : []));
  const allowed = [...new Set([...made, ...ALWAYS])].filter((name) => !byArguments.has(name)).sort();
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: [ARCHITECTURE[log.arch]],
    syscalls: [
      { names: allowed, action: 'SCMP_ACT_ALLOW' },
      ...conditional,
      ...refusedRules(log, new Set([...allowed, ...byArguments])),
    ],
  };
}

function conditionalRules({ records }: AuditLog): LearnedRule[] {
  const rules = new Map<string, LearnedRule>();
  for (const { name, errno, about, arguments: values } of records) {
    if (about.kind !== 'arguments' || errno !== undefined || name === undefined) continue;
    const args = about.which.map((index) => ({
      index,
      value: WORD,
      valueTwo: Number(BigInt.asUintN(32, values[index] ?? 0n)),
      op: 'SCMP_CMP_MASKED_EQ' as const,
    }));
    rules.set(`${name} ${args.map(({ valueTwo }) => valueTwo).join()}`, {
      names: [name],
      action: 'SCMP_ACT_ALLOW',
      args,
    });
  }
  return [...rules.values()];
}

/** Programs go other ways after ENOSYS than after EPERM: the errno is a part of what was learnt. */
function refusedRules({ records }: AuditLog, known: ReadonlySet<string>): LearnedRule[] {
  const errnos = new Map<string, string>();
  for (const { name, errno } of records)
    if (name !== undefined && errno !== undefined && !known.has(name)) errnos.set(name, errno);
  return [...errnos].flatMap(([name, errno]) => {
    const errnoRet = errnoNumber(errno) ?? EPERM;
    return errnoRet === EPERM ? [] : [{ names: [name], action: 'SCMP_ACT_ERRNO' as const, errnoRet }];
  });
}
