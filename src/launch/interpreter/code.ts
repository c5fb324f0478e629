import type { Arch } from '../../linux/arch.ts';
import type { AssembledCode } from '../assembler/assembler.ts';
import { OPERATIONS, type Operation, TEXT_ADDRESS } from '../isa.ts';
import { assembleAarch64 } from './aarch64.ts';
import { assembleX86 } from './x86-64.ts';

/** The interpreter's labels: the operations' code, and what they share. */
export type InterpreterLabel = Operation | 'entry' | 'branch' | 'store' | 'next' | `value${number}`;

/** Bytes of the ELF header and its four program headers, which lie in front of the code in the text segment. */
export const CODE_OFFSET = 64 + 4 * 56;

export interface InterpreterCode {
  /** Position-dependent machine code, to be loaded at `TEXT_ADDRESS + CODE_OFFSET`; it is entered at its start. */
  readonly code: Buffer;
  /** Where each operation's code lies, in bytes from the start of the text segment. */
  readonly handlers: Readonly<Record<Operation, number>>;
  /** The code with its labels, for people and for comparison with a disassembler. */
  readonly assembled: AssembledCode<InterpreterLabel>;
}

const assembled = new Map<Arch, InterpreterCode>();

/** Gives the interpreter of an architecture. Assembled on first use. */
export function interpreterCode(arch: Arch): InterpreterCode {
  const known = assembled.get(arch);
  if (known) return known;
  const assemble = arch === 'x86_64' ? assembleX86 : assembleAarch64;
  const result = assemble(TEXT_ADDRESS + CODE_OFFSET);
  const handlers = Object.fromEntries(
    OPERATIONS.map((operation) => {
      const address = result.addresses.get(operation);
      if (address === undefined) throw new Error(`the ${arch} interpreter has no code for '${operation}'`);
      return [operation, address - TEXT_ADDRESS];
    }),
  ) as Record<Operation, number>;
  const code = { code: result.code, handlers, assembled: result };
  assembled.set(arch, code);
  return code;
}
