import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Arch } from '../src/linux/arch.ts';

const X86_HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
const GENERIC_HEADER = '/usr/include/asm-generic/unistd.h';

/** What has to be seen by the preprocessor; the macros are those of arch/arm64/include/uapi/asm/unistd.h. */
const SOURCE: Readonly<Record<Arch, string>> = {
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
const NOT_CALLS = new Set(['syscalls', 'arch_specific_syscall']);

/** Whether this machine has both headers and the C preprocessor. */
export function headersInstalled(): boolean {
  return existsSync(X86_HEADER) && existsSync(GENERIC_HEADER) && existsSync('/usr/bin/cpp');
}

/** Gives name -> number as the installed kernel headers have them. Throws where headers or cpp are missing. */
export function headerSyscalls(arch: Arch): Map<string, number> {
  const macros = execFileSync('/usr/bin/cpp', ['-dM'], { input: SOURCE[arch], encoding: 'utf8' });
  const values = new Map<string, string>();
  for (const [, name, value] of macros.matchAll(/^#define (__NR\w*) (\w+)$/gm)) {
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const calls = new Map<string, number>();
  for (const [macro, value] of values) {
    const name = macro.startsWith('__NR_') ? macro.slice('__NR_'.length) : undefined;
    if (name === undefined || NOT_CALLS.has(name)) continue;
    // The generic header names some 64-bit calls through a second macro: __NR_fcntl is __NR3264_fcntl is 25.
    const number = Number(values.get(value) ?? value);
    if (!Number.isInteger(number)) throw new Error(`${arch}: no number in "#define ${macro} ${value}"`);
    calls.set(name, number);
  }
  return calls;
}
