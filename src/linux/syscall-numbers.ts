import type { Arch } from './arch.ts';
import { SYSCALL_TABLE } from './syscall-table.ts';

const parsed = new Map<Arch, ReadonlyMap<string, number>>();

/** Gives all system calls of an architecture, name -> number, as of Linux 6.18: seccomp profiles name many. */
export function syscallTable(arch: Arch): ReadonlyMap<string, number> {
  const known = parsed.get(arch);
  if (known) return known;
  const table = new Map<string, number>();
  let next = 0;
  for (const word of SYSCALL_TABLE[arch].trim().split(/\s+/)) {
    if (/^\d/.test(word)) next = Number(word);
    else table.set(word, next++);
  }
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
