import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatListing } from '../../../src/launch/assembler/assembler.ts';
import { CODE_OFFSET, interpreterCode } from '../../../src/launch/interpreter/code.ts';
import { OPERATIONS, TEXT_ADDRESS } from '../../../src/launch/isa.ts';
import { type Arch, hostArch } from '../../../src/linux/arch.ts';
import { ARCHITECTURES } from './machine.ts';

const DISASSEMBLER = {
  x86_64: { machine: ['-m', 'i386:x86-64', '-M', 'intel'], packageName: 'binutils-x86-64-linux-gnu' },
  aarch64: { machine: ['-m', 'aarch64'], packageName: 'binutils-aarch64-linux-gnu' },
} as const;

/** Finds an objdump that knows the architecture, or undefined. */
function objdump(arch: Arch): string | undefined {
  const candidates = [
    `${arch === 'x86_64' ? 'x86_64' : 'aarch64'}-linux-gnu-objdump`,
    ...(arch === hostArch() ? ['objdump'] : []),
  ];
  return candidates.find((command) => !spawnSync(command, ['--version']).error);
}

/** Gives `address mnemonic operands` of each instruction, without objdump's comments. */
function disassemble(command: string, arch: Arch, code: Buffer): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'launcher-'));
  try {
    const file = join(directory, 'code');
    writeFileSync(file, code);
    const origin = `--adjust-vma=${TEXT_ADDRESS + CODE_OFFSET}`;
    const args = ['-D', '-z', '-b', 'binary', ...DISASSEMBLER[arch].machine, origin, '--no-show-raw-insn', file];
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return [...stdout.matchAll(/^\s*([0-9a-f]+):\s+(.+)$/gm)].map(
      ([, address, text = '']) =>
        `${address} ${text
          .replace(/\s*\/\/.*/, '')
          .replace(/\s+/g, ' ')
          .trim()}`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the interpreter', () => {
  for (const arch of ARCHITECTURES) {
    const command = objdump(arch);
    const skip = command ? false : `objdump for ${arch} (package ${DISASSEMBLER[arch].packageName}) is not installed`;
    test(`on ${arch} is, to objdump, what the assembler lists`, { skip }, () => {
      const { code, assembled } = interpreterCode(arch);
      const listed = assembled.listing.map(({ address, mnemonic, operands }) =>
        `${address.toString(16)} ${mnemonic} ${operands}`.trim(),
      );
      assert.deepEqual(listed, disassemble(command ?? '', arch, code));
      assert.ok(listed.length > 60);
    });

    test(`on ${arch} has code of its own for every operation, behind the headers and in the first page`, () => {
      const { code, handlers } = interpreterCode(arch);
      const offsets = OPERATIONS.map((operation) => handlers[operation]);
      assert.equal(new Set(offsets).size, OPERATIONS.length);
      for (const offset of offsets) assert.ok(offset >= CODE_OFFSET && offset < CODE_OFFSET + code.length);
      assert.ok(code.length <= 400, `${code.length} bytes`);
    });

    test(`on ${arch} can be listed for people`, () => {
      const text = formatListing(interpreterCode(arch).assembled);
      assert.match(text, /^entry:\n {2}400120 {2}/);
      for (const operation of OPERATIONS) assert.match(text, new RegExp(`^${operation}:$`, 'm'));
    });
  }
});
