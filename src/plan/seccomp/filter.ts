import type { Arch } from '../../linux/arch.ts';
import { AUDIT_ARCH, X32_SYSCALL_BIT } from '../../linux/constants/seccomp.ts';
import { type KernelVersion, kernelVersion } from '../../linux/kernel-version.ts';
import { foreignSyscallTable, syscallTable } from '../../linux/syscall-numbers.ts';
import type { SeccompChoice } from '../spec.ts';
import { MISSING } from './actions.ts';
import { Assembler, verdict } from './assembler.ts';
import { type Decision, decide } from './decision.ts';
import { SeccompError } from './error.ts';
import { type Guards, guardRules } from './guards.ts';
import { DATA, type FilterInstruction, MOST_INSTRUCTIONS } from './instruction.ts';
import { devList } from './lists/dev.ts';
import { strictRules } from './lists/strict.ts';
import type { SeccompProfile, SeccompRule } from './profile.ts';
import { type CallTable, writeTree } from './tree.ts';
import { returnValue } from './verdict.ts';

/** What a filter is made from. */
export interface FilterRules extends Guards {
  readonly choice: SeccompChoice;
  /** Programs of the processor's 32-bit mode: the same rules by the numbers there, or no calls at all. */
  readonly foreignCalls: 'allowed' | 'refused';
  /** That the command has; rules of a list may depend on them. */
  readonly capabilities: readonly string[];
  /** Rules of a docker profile may depend on it; undefined: the running one. */
  readonly kernel?: KernelVersion;
}

/** AUDIT_ARCH of the processor's 32-bit mode. */
const FOREIGN: Readonly<Record<Arch, 'i386' | 'arm'>> = { x86_64: 'i386', aarch64: 'arm' };
/** What profiles call it: libseccomp, seccomp_arch_add(3). */
const FOREIGN_IN_PROFILES: Readonly<Record<Arch, string>> = { x86_64: 'SCMP_ARCH_X86', aarch64: 'SCMP_ARCH_ARM' };

const EVERYTHING: SeccompProfile = { otherwise: { kind: 'allow' }, rules: [] };

/**
 * Gives the filter for an architecture, in the kernel's form: a binary search over ranges of numbers with the same
 * verdict, for each of the machine's system call tables. There are never calls through the x32 ABI, which nobody uses.
 *
 * Throws a SeccompError where a profile has more conditions than the kernel takes instructions (seccomp(2), EINVAL).
 */
export function systemCallFilter(arch: Arch, rules: FilterRules): FilterInstruction[] {
  return writeFilter(arch, nativeCalls(arch, rules), foreignCalls(arch, rules));
}

/** The calls of a machine's own programs. */
function nativeCalls(arch: Arch, rules: FilterRules): CallTable {
  const table = callTable(arch, syscallTable(arch), rules, 64);
  return arch === 'x86_64' ? { ...table, end: { number: X32_SYSCALL_BIT, verdict: returnValue(MISSING) } } : table;
}

/** The calls of its programs of 32 bits; undefined: they have none. */
function foreignCalls(arch: Arch, rules: FilterRules): CallTable | undefined {
  const { architectures } = chosen(rules.choice).profile;
  const named = architectures === undefined || architectures.includes(FOREIGN_IN_PROFILES[arch]);
  if (rules.foreignCalls === 'refused' || !named) return undefined;
  return callTable(arch, foreignSyscallTable(FOREIGN[arch]), rules, 32);
}

function callTable(
  arch: Arch,
  table: ReadonlyMap<string, number>,
  rules: FilterRules,
  width: CallTable['width'],
): CallTable {
  const { before, profile } = chosen(rules.choice);
  const surroundings = { arch, capabilities: rules.capabilities, kernel: rules.kernel ?? kernelVersion() };
  const decisions: Map<number, Decision> = decide(table, [...guardRules(rules), ...before], profile, surroundings);
  return { decisions, otherwise: returnValue(profile.otherwise), width };
}

/** The profile, and what decides before it. */
function chosen(choice: SeccompChoice): { readonly before: readonly SeccompRule[]; readonly profile: SeccompProfile } {
  switch (choice.kind) {
    case 'list':
      return { before: choice.name === 'strict' ? strictRules() : [], profile: devList() };
    case 'profile':
      return { before: [], profile: choice.profile };
    case 'unconfined':
      return { before: [], profile: EVERYTHING };
  }
}

/** Writes the filter for both tables of a machine. Throws a SeccompError where it is too long. */
function writeFilter(arch: Arch, native: CallTable, foreign: CallTable | undefined): FilterInstruction[] {
  const assembler = new Assembler();
  const missing = verdict(returnValue(MISSING));
  const otherTree = foreign && writeTree(assembler, foreign);
  const nativeTree = writeTree(assembler, native);
  const other = otherTree ? assembler.branch('equal', AUDIT_ARCH[FOREIGN[arch]], otherTree, missing) : missing;
  assembler.branch('equal', AUDIT_ARCH[arch], nativeTree, other);
  assembler.load(DATA.arch);
  const filter = assembler.finish();
  if (filter.length > MOST_INSTRUCTIONS) throw SeccompError.tooLong(filter.length, MOST_INSTRUCTIONS);
  return filter;
}
