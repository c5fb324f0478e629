import type { SetupOp } from '../launch/operations.ts';
import type { Arch } from '../linux/arch.ts';
import { AUDIT_ARCH, SECCOMP, SECCOMP_RET } from '../linux/constants/seccomp.ts';
import { errnoNumber } from '../linux/errno.ts';
import { POINTED_AT } from '../linux/pointed-at.ts';
import { foreignSyscallTable, syscallTable } from '../linux/syscall-numbers.ts';
import { typingRules } from './seccomp/guards.ts';
import { CODE, DATA, type FilterInstruction } from './seccomp/instruction.ts';
import { devList } from './seccomp/lists/dev.ts';
import { strictRules } from './seccomp/lists/strict.ts';
import type { SeccompRule } from './seccomp/profile.ts';
import { failsWith } from './seccomp/verdict.ts';
import type { SeccompChoice, Spec } from './spec.ts';

type Audit = NonNullable<Spec['audit']>;

/**
 * Takes what the command's process gives up, and gives the same under audit: an auditor is started before anything is given up,
 * so that no signal of the command reaches it where Landlock holds the command, and the last filter is handed to it.
 */
export function withAudit(operations: readonly SetupOp[], { audit, security }: Spec, arch: Arch): SetupOp[] {
  const last = operations.findLastIndex(({ op }) => op === 'seccomp');
  if (audit === undefined || last === -1) return [...operations];
  return [
    { op: 'startAuditor' },
    ...operations.map((operation, index): SetupOp => {
      if (operation.op !== 'seccomp' || index !== last) return operation;
      const { purpose, filter } = operation;
      const learns = audit === 'learn' ? conditionalCalls(security.seccomp, arch) : [];
      return { op: 'audit', purpose, filter: auditedFilter(filter, audit, arch), verdicts: filter, learns };
    }),
  ];
}

/** Calls that are allowed or not by their arguments, and by which: what is learnt of them is the arguments. */
function conditionalCalls(choice: SeccompChoice, arch: Arch): Extract<SetupOp, { op: 'audit' }>['learns'] {
  const table = syscallTable(arch);
  const found = new Map<number, Set<number>>();
  for (const { names, conditions } of [...typingRules(), ...rulesOf(choice)]) {
    for (const number of names.flatMap((name) => table.get(name) ?? [])) {
      const known = found.get(number) ?? new Set();
      if (conditions.length > 0) found.set(number, new Set([...known, ...conditions.map(({ argument }) => argument)]));
    }
  }
  return [...found].map(([number, which]) => ({ number, arguments: [...which].sort() }));
}

function rulesOf(choice: SeccompChoice): readonly SeccompRule[] {
  switch (choice.kind) {
    case 'list':
      return [...devList().rules, ...(choice.name === 'strict' ? strictRules() : [])];
    case 'profile':
      return choice.profile.rules;
    case 'unconfined':
      return [];
  }
}

/**
 * Gives a filter that asks a supervisor, seccomp_unotify(2), where `filter` lets a call fail (`refused`), also where a file
 * or an address is asked for (`everything`), or always (`learn`). What ends the process still ends it.
 */
export function auditedFilter(
  filter: ReadonlyArray<FilterInstruction>,
  audit: Audit,
  arch: Arch,
): readonly FilterInstruction[] {
  const ask: FilterInstruction = [CODE.return, 0, 0, SECCOMP_RET.SECCOMP_RET_USER_NOTIF];
  const audited = filter.map((instruction, index): FilterInstruction => {
    const [code, , , value] = instruction;
    if (code !== CODE.return) return instruction;
    const errno = failsWith(value);
    // What succeeds without effect is no refusal.
    if (errno !== undefined) return errno === 0 && audit !== 'learn' ? instruction : ask;
    if (value !== SECCOMP_RET.SECCOMP_RET_ALLOW && value !== SECCOMP_RET.SECCOMP_RET_LOG) return instruction;
    if (audit === 'learn') return ask;
    return audit === 'refused' ? instruction : [CODE.jump, 0, 0, filter.length - index - 1];
  });
  return [...oneListener(arch), ...audited, ...(audit === 'everything' ? askIfWatched(arch, ask) : [])];
}

/**
 * Of two filters that ask, the one installed last is asked: a listener of the command's own could let go on what ours refuses.
 * The kernel gives EBUSY to a second listener, but not once the first is gone, and the auditor may be ended.
 */
function oneListener(arch: Arch): FilterInstruction[] {
  const other = arch === 'x86_64' ? 'i386' : 'arm';
  const number = syscallTable(arch).get('seccomp') ?? -1;
  const foreign = foreignSyscallTable(other).get('seccomp') ?? -1;
  return [
    [CODE.load, 0, 0, DATA.arch],
    [CODE.equal, 0, 2, AUDIT_ARCH[arch]],
    [CODE.load, 0, 0, DATA.number],
    [CODE.equal, 3, 6, number],
    [CODE.equal, 0, 5, AUDIT_ARCH[other]],
    [CODE.load, 0, 0, DATA.number],
    [CODE.equal, 0, 3, foreign],
    // seccomp(2)'s flags.
    [CODE.load, 0, 0, DATA.arguments + 8],
    [CODE.anyBit, 0, 1, SECCOMP.SECCOMP_FILTER_FLAG_NEW_LISTENER],
    [CODE.return, 0, 0, SECCOMP_RET.SECCOMP_RET_ERRNO + (errnoNumber('EBUSY') ?? 0)],
  ];
}

/** What is allowed goes there. */
function askIfWatched(arch: Arch, ask: FilterInstruction): FilterInstruction[] {
  const table = syscallTable(arch);
  const numbers = Object.entries(POINTED_AT).flatMap(([name, { interest }]) =>
    interest === 'always' ? (table.get(name) ?? []) : [],
  );
  const toAllow = numbers.length + 1;
  return [
    [CODE.load, 0, 0, DATA.arch],
    [CODE.equal, 0, toAllow, AUDIT_ARCH[arch]],
    [CODE.load, 0, 0, DATA.number],
    ...numbers.map((number, index): FilterInstruction => [CODE.equal, numbers.length - index, 0, number]),
    [CODE.return, 0, 0, SECCOMP_RET.SECCOMP_RET_ALLOW],
    ask,
  ];
}
