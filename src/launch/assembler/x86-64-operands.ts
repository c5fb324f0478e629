/** Registers and memory operands of x86_64, their encoding and their notation (Intel's manual, volume 2, chapter 2). */
import { AssemblerError } from './assembler.ts';

export type Width = 8 | 16 | 32 | 64;
/** A register; `code` is its number in ModRM, with the fourth bit going to the REX prefix. */
export interface Register<W extends Width = Width> {
  readonly name: string;
  readonly code: number;
  readonly width: W;
}
export interface Memory<W extends Width = Width> {
  readonly width: W;
  readonly base: Register<64>;
  readonly index: { readonly register: Register<64>; readonly scale: Scale } | undefined;
  readonly displacement: number;
}
type Scale = 1 | 2 | 4 | 8;
export type Place<W extends Width> = Register<W> | Memory<W>;

const register = <W extends Width>(name: string, code: number, width: W): Register<W> => ({ name, code, width });

export const rax = register('rax', 0, 64);
export const rcx = register('rcx', 1, 64);
export const rdx = register('rdx', 2, 64);
export const rbx = register('rbx', 3, 64);
export const rsp = register('rsp', 4, 64);
export const rbp = register('rbp', 5, 64);
export const rsi = register('rsi', 6, 64);
export const rdi = register('rdi', 7, 64);
export const r8 = register('r8', 8, 64);
export const r9 = register('r9', 9, 64);
export const r10 = register('r10', 10, 64);
export const eax = register('eax', 0, 32);
export const ecx = register('ecx', 1, 32);
export const edx = register('edx', 2, 32);
export const ebx = register('ebx', 3, 32);
export const ebp = register('ebp', 5, 32);
export const esi = register('esi', 6, 32);
export const edi = register('edi', 7, 32);
export const cl = register('cl', 1, 8);
export const dl = register('dl', 2, 8);
/** Bits 8..15 of rax; cannot be used together with a REX prefix. */
export const ah = register('ah', 4, 8);

/** Gives an index for a memory operand: the register times the scale. */
export const scaled = (index: Register<64>, scale: Scale) => ({ register: index, scale });

const memory =
  <W extends Width>(width: W) =>
  (base: Register<64>, offset: number | ReturnType<typeof scaled> = 0): Memory<W> =>
    typeof offset === 'number'
      ? { width, base, index: undefined, displacement: offset }
      : { width, base, index: offset, displacement: 0 };

/** The 8, 16, 32 or 64 bits in memory at a base plus a constant or an index. */
export const byte = memory(8);
export const word = memory(16);
export const dword = memory(32);
export const qword = memory(64);

const REX = { base: 0x40, w: 8, r: 4, x: 2, b: 1 } as const;
/** Values of ModRM's first field, and the register number there that announces a SIB byte. */
const MOD = { noDisplacement: 0, displacement8: 1, displacement32: 2, register: 3 } as const;
const SIB_FOLLOWS = 4;
const NO_INDEX = 4;

export const isInt8 = (value: number) => value >= -0x80 && value <= 0x7f;

export function int8(value: number): Buffer {
  return Buffer.of(value & 0xff);
}

/** Gives four little-endian bytes; takes what fits in them as a signed or as an unsigned number. */
export function int32(value: number): Buffer {
  if (value < -0x8000_0000 || value > 0xffff_ffff) throw new AssemblerError(`${value} does not fit in 32 bits`);
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

/** Gives REX prefix (when needed), opcode, ModRM, SIB and displacement. `reg` is a register's number or an extension. */
export function instruction(wide: boolean, opcode: readonly number[], reg: number, rm: Place<Width>): Buffer {
  const base = 'base' in rm ? rm.base.code : rm.code;
  const index = 'base' in rm && rm.index ? rm.index.register.code : 0;
  const rex = (wide ? REX.w : 0) | (reg > 7 ? REX.r : 0) | (index > 7 ? REX.x : 0) | (base > 7 ? REX.b : 0);
  const modRm = (mod: number, rmField: number) => (mod << 6) | ((reg & 7) << 3) | rmField;
  const head = [...(rex ? [REX.base | rex] : []), ...opcode];
  if (!('base' in rm)) return Buffer.from([...head, modRm(MOD.register, base & 7)]);

  // Without a displacement, rbp and r13 as the base would mean "no base": they always carry one.
  const needsDisplacement = rm.displacement !== 0 || (base & 7) === rbp.code;
  const short = isInt8(rm.displacement);
  const mod = needsDisplacement ? (short ? MOD.displacement8 : MOD.displacement32) : MOD.noDisplacement;
  const displacement = needsDisplacement ? (short ? int8(rm.displacement) : int32(rm.displacement)) : Buffer.of();
  if (rm.index === undefined && (base & 7) !== rsp.code) {
    return Buffer.concat([Buffer.from([...head, modRm(mod, base & 7)]), displacement]);
  }
  if (rm.index?.register.code === rsp.code) throw new AssemblerError('rsp cannot be an index');
  const indexField = rm.index ? index & 7 : NO_INDEX;
  const sib = (Math.log2(rm.index?.scale ?? 1) << 6) | (indexField << 3) | (base & 7);
  return Buffer.concat([Buffer.from([...head, modRm(mod, SIB_FOLLOWS), sib]), displacement]);
}

const POINTER: Record<Width, string> = { 8: 'BYTE PTR ', 16: 'WORD PTR ', 32: 'DWORD PTR ', 64: 'QWORD PTR ' };

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

export function show(operand: Place<Width> | number): string {
  if (typeof operand === 'number') return hex(BigInt.asUintN(64, BigInt(operand)));
  if (!('base' in operand)) return operand.name;
  return `${POINTER[operand.width]}${showAddress(operand)}`;
}

export function showAddress({ base, index, displacement }: Memory): string {
  const sum = index ? `${base.name}+${index.register.name}*${index.scale}` : base.name;
  // As objdump does: a displacement that is encoded is shown, even where it is 0.
  const shown = displacement !== 0 || (base.code & 7) === rbp.code;
  return `[${sum}${shown ? `${displacement < 0 ? '-' : '+'}${hex(Math.abs(displacement))}` : ''}]`;
}
