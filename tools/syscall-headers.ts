import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Arch } from '../src/linux/arch.ts';
import type { ForeignArch } from '../src/linux/foreign-syscall-table.ts';

type Machine = Arch | ForeignArch;

const X86_HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
const GENERIC_HEADER = '/usr/include/asm-generic/unistd.h';
const I386_HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_32.h';
/** Debian's linux-libc-dev-armhf-cross. */
const ARM_HEADER = '/usr/arm-linux-gnueabihf/include/asm/unistd.h';

/** What has to be seen by the preprocessor; the macros are those of arch/arm64/include/uapi/asm/unistd.h. */
const SOURCE: Readonly<Record<Machine, string>> = {
  i386: `#include "${I386_HEADER}"\n`,
  arm: `#define __ARM_EABI__\n#include "${ARM_HEADER}"\n`,
  x86_64: `#include "${X86_HEADER}"\n`,
  aarch64: [
    '#define __ARCH_WANT_RENAMEAT',
    '#define __ARCH_WANT_NEW_STAT',
    '#define __ARCH_WANT_SET_GET_RLIMIT',
    '#define __ARCH_WANT_TIME32_SYSCALLS',
    '#define __ARCH_WANT_SYS_CLONE3',
    '#define __ARCH_WANT_MEMFD_SECRET',
    `#include "${GENERIC_HEADER}"\n`,
  ].join('\n'),
};

/** Markers in the headers that are not calls. */
const NOT_CALLS = new Set(['syscalls', 'arch_specific_syscall', 'OABI_SYSCALL_BASE', 'SYSCALL_MASK', 'SYSCALL_BASE']);

/** `(__NR_SYSCALL_BASE + 3)` of arm: the base is 0 in the EABI, and 0xf0000 for its private calls. */
const BASES: Readonly<Record<string, number>> = { __NR_SYSCALL_BASE: 0, __ARM_NR_BASE: 0x0f0000 };

/** Whether this machine has a machine's header and the C preprocessor. */
export function headerInstalled(machine: Machine): boolean {
  const header = { x86_64: X86_HEADER, aarch64: GENERIC_HEADER, i386: I386_HEADER, arm: ARM_HEADER }[machine];
  return existsSync(header) && existsSync('/usr/bin/cpp');
}

/** Gives name -> number as the installed kernel headers have them. Throws where headers or cpp are missing. */
export function headerSyscalls(machine: Machine): Map<string, number> {
  // The headers of arm name others of their own.
  const folders = machine === 'arm' ? ['-nostdinc', '-I', '/usr/arm-linux-gnueabihf/include'] : [];
  const macros = execFileSync('/usr/bin/cpp', ['-dM', ...folders], { input: SOURCE[machine], encoding: 'utf8' });
  const values = new Map<string, string>();
  for (const [, name, value] of macros.matchAll(/^#define (__(?:NR|ARM_NR)\w*) (\S.*)$/gm)) {
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const calls = new Map<string, number>();
  for (const macro of values.keys()) {
    const name = /^__(?:ARM_)?NR_(\w+)$/.exec(macro)?.[1];
    if (name === undefined || NOT_CALLS.has(name) || macro in BASES) continue;
    calls.set(name, callNumber(values, macro, machine));
  }
  return calls;
}

/** The generic header names some 64-bit calls through a second macro: __NR_fcntl is __NR3264_fcntl is 25. */
function callNumber(values: ReadonlyMap<string, string>, macro: string, machine: Machine): number {
  const value = values.get(macro) ?? '';
  if (values.has(value)) return callNumber(values, value, machine);
  const [, base, offset] = /^\((\w+) ?\+ ?(\d+)\)$/.exec(value) ?? [undefined, undefined, value];
  const number = (base === undefined ? 0 : (BASES[base] ?? Number.NaN)) + Number(offset);
  if (!Number.isInteger(number)) throw new Error(`${machine}: no number in "#define ${macro} ${value}"`);
  return number;
}
