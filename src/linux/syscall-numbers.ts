import type { Arch } from './arch.ts';
import { FOREIGN_SYSCALL_TABLE, type ForeignArch } from './foreign-syscall-table.ts';
import { SYSCALL_TABLE } from './syscall-table.ts';

const parsed = new Map<Arch, ReadonlyMap<string, number>>();

/** Reads names in the order of their numbers; a number restarts the count, and = stands between names of one number. */
function parseTable(text: string): Map<string, number> {
  const table = new Map<string, number>();
  let next = 0;
  for (const word of text.trim().split(/\s+/)) {
    if (/^\d/.test(word)) next = Number(word);
    else {
      for (const name of word.split('=')) table.set(name, next);
      next++;
    }
  }
  return table;
}

/** Gives all system calls of an architecture, name -> number, as of Linux 6.18: seccomp profiles name many. */
export function syscallTable(arch: Arch): ReadonlyMap<string, number> {
  const known = parsed.get(arch);
  if (known) return known;
  const table = parseTable(SYSCALL_TABLE[arch]);
  parsed.set(arch, table);
  return table;
}

/** Gives a system call's number. Throws a RangeError for a name the architecture does not have (`open` on aarch64). */
export function syscallNumber(arch: Arch, name: string): number {
  const number = syscallTable(arch).get(name);
  if (number === undefined) throw new RangeError(`${arch} has no system call '${name}'`);
  return number;
}

/** Gives the name of a system call's number, or undefined where the architecture has none. For printing programs. */
export function syscallName(arch: Arch, number: number): string | undefined {
  for (const [name, candidate] of syscallTable(arch)) if (candidate === number) return name;
  return undefined;
}

/** Gives all system calls of a 32-bit mode, name -> number, as of Linux 6.18. */
export function foreignSyscallTable(arch: ForeignArch): ReadonlyMap<string, number> {
  return parseTable(FOREIGN_SYSCALL_TABLE[arch]);
}
