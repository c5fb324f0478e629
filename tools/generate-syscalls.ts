/*
 * Writes src/linux/syscall-table.ts and foreign-syscall-table.ts from the kernel's headers (Debian: linux-libc-dev,
 * linux-libc-dev-armhf-cross, cpp), on an x86_64 machine:
 *   node tools/generate-syscalls.ts
 * Calls that are newer than the headers come from NEWER_CALLS below; where both know a number they must agree.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Arch } from '../src/linux/arch.ts';
import type { ForeignArch } from '../src/linux/foreign-syscall-table.ts';
import { headerSyscalls } from './syscall-headers.ts';

/** scripts/syscall.tbl and arch/x86/entry/syscalls/syscall_64.tbl of Linux 6.18: both share numbers from 424 on. */
const NEWER_CALLS: readonly (readonly [number: number, name: string])[] = [
  [451, 'cachestat'],
  [452, 'fchmodat2'],
  [453, 'map_shadow_stack'],
  [454, 'futex_wake'],
  [455, 'futex_wait'],
  [456, 'futex_requeue'],
  [457, 'statmount'],
  [458, 'listmount'],
  [459, 'lsm_get_self_attr'],
  [460, 'lsm_set_self_attr'],
  [461, 'lsm_list_modules'],
  [462, 'mseal'],
  [463, 'setxattrat'],
  [464, 'getxattrat'],
  [465, 'listxattrat'],
  [466, 'removexattrat'],
  [467, 'open_tree_attr'],
  [468, 'file_getattr'],
  [469, 'file_setattr'],
];
const NEWER_ON: Readonly<Record<Arch | ForeignArch, typeof NEWER_CALLS>> = {
  x86_64: [[335, 'uretprobe'], [336, 'uprobe'], ...NEWER_CALLS],
  aarch64: NEWER_CALLS,
  i386: NEWER_CALLS,
  arm: NEWER_CALLS,
};

function completeTable(arch: Arch | ForeignArch): Map<number, string> {
  const table = new Map<number, string>();
  // Two names of one number (arm's sync_file_range2) stay together.
  for (const [name, number] of headerSyscalls(arch)) {
    const known = table.get(number);
    table.set(number, known === undefined ? name : [known, name].sort().join('='));
  }
  for (const [number, name] of NEWER_ON[arch]) {
    const known = table.get(number);
    if (known !== undefined && known !== name)
      throw new Error(`${arch} ${number} is ${known} in the headers, not ${name}`);
    table.set(number, name);
  }
  return table;
}

/** Names in the order of their numbers; a number of its own restarts the count after a gap. */
function compactTable(table: ReadonlyMap<number, string>): string {
  const words: string[] = [];
  let expected = -1;
  for (const [number, name] of [...table].sort(([a], [b]) => a - b)) {
    words.push(number === expected ? name : `${number} ${name}`);
    expected = number + 1;
  }
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 1 > 116) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

function write(file: string, content: string): void {
  writeFileSync(fileURLToPath(new URL(`../src/linux/${file}`, import.meta.url)), content);
}

write(
  'syscall-table.ts',
  `// Written by tools/generate-syscalls.ts: do not edit.
import type { Arch } from './arch.ts';

/** System calls in the order of their numbers; a number restarts the count there. */
export const SYSCALL_TABLE: Readonly<Record<Arch, string>> = {
  x86_64: \`
${compactTable(completeTable('x86_64'))}
  \`,
  aarch64: \`
${compactTable(completeTable('aarch64'))}
  \`,
};
`,
);
write(
  'foreign-syscall-table.ts',
  `// Written by tools/generate-syscalls.ts: do not edit.

/** The 32-bit modes of both processors. */
export type ForeignArch = 'i386' | 'arm';

/** System calls in the order of their numbers; a number restarts the count there, and = stands between two names. */
export const FOREIGN_SYSCALL_TABLE: Readonly<Record<ForeignArch, string>> = {
  i386: \`
${compactTable(completeTable('i386'))}
  \`,
  arm: \`
${compactTable(completeTable('arm'))}
  \`,
};
`,
);
