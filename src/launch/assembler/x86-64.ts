/**
 * A small assembler for x86_64: the instructions that the interpreter needs, named and written as in Intel's manual
 * (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2).
 */
import { Assembler } from './assembler.ts';
import {
  type cl,
  hex,
  instruction,
  int8,
  int32,
  isInt8,
  type Memory,
  type Place,
  type Register,
  show,
  showAddress,
  type Width,
} from './x86-64-operands.ts';

/** Condition codes, as they are added to the opcodes of conditional jumps. */
const CONDITION = { ae: 0x3, e: 0x4, ne: 0x5, l: 0xc } as const;

const OPCODE = {
  twoBytes: 0x0f,
  add: 0x01,
  or: 0x09,
  and: 0x21,
  sub: 0x29,
  xor: 0x31,
  cmp: 0x39,
  movsxd: 0x63,
  jccShort: 0x70,
  immediate32: 0x81,
  immediate8: 0x83,
  test: 0x85,
  movStore8: 0x88,
  movStore: 0x89,
  movLoad: 0x8b,
  lea: 0x8d,
  movImmediate: 0xb8,
  shiftImmediate: 0xc1,
  shiftCl: 0xd3,
  jmpNear: 0xe9,
  jmpShort: 0xeb,
  unary8: 0xf6,
  unary: 0xf7,
  indirect: 0xff,
} as const;
/** Second byte of the instructions that begin with `OPCODE.twoBytes`. */
const SECOND = { syscall: 0x05, jccNear: 0x80, imul: 0xaf, movzx8: 0xb6, movzx16: 0xb7 } as const;
/** What the middle field of ModRM means for the opcodes that name no second register. */
const EXTENSION = { test: 0, add: 0, shl: 4, jmp: 4, and: 4, shr: 5, div: 6, cmp: 7 } as const;

export class X86Assembler<Label extends string> extends Assembler<Label> {
  mov(to: Register<64>, from: Memory<64>): void;
  mov(to: Register<32>, from: Memory<32> | number): void;
  mov(to: Place<64>, from: Register<64>): void;
  mov(to: Place<32>, from: Register<32>): void;
  mov(to: Memory<8>, from: Register<8>): void;
  mov(to: Place<Width>, from: Place<Width> | number): void {
    const wide = to.width === 64;
    if (typeof from === 'number') {
      const { code } = to as Register<32>;
      this.#fixed(Buffer.concat([Buffer.of(OPCODE.movImmediate + code), int32(from)]), 'mov', to, from);
    } else if ('base' in from) {
      this.#fixed(instruction(wide, [OPCODE.movLoad], (to as Register).code, from), 'mov', to, from);
    } else {
      const opcode = to.width === 8 ? OPCODE.movStore8 : OPCODE.movStore;
      this.#fixed(instruction(wide, [opcode], from.code, to), 'mov', to, from);
    }
  }

  movzx(to: Register<32>, from: Memory<8 | 16>): void {
    const second = from.width === 8 ? SECOND.movzx8 : SECOND.movzx16;
    this.#fixed(instruction(false, [OPCODE.twoBytes, second], to.code, from), 'movzx', to, from);
  }

  movsxd(to: Register<64>, from: Memory<32>): void {
    this.#fixed(instruction(true, [OPCODE.movsxd], to.code, from), 'movsxd', to, from);
  }

  lea(to: Register<64>, from: Memory<64>): void {
    const bytes = instruction(true, [OPCODE.lea], to.code, from);
    this.#listed(bytes, 'lea', `${to.name},${showAddress(from)}`);
  }

  add(to: Register<64>, by: Register<64> | number): void;
  add(to: Register<32>, by: number): void;
  add(to: Register<32 | 64>, by: Register<64> | number): void {
    if (typeof by === 'number') this.#immediate('add', to, by);
    else this.#binary('add', to, by);
  }

  sub(to: Register<64>, by: Register<64>): void {
    this.#binary('sub', to, by);
  }

  and(to: Register<64>, by: Register<64>): void;
  and(to: Register<32>, by: number): void;
  and(to: Register<32 | 64>, by: Register<64> | number): void {
    if (typeof by === 'number') this.#immediate('and', to, by);
    else this.#binary('and', to, by);
  }

  or(to: Register<64>, by: Register<64>): void {
    this.#binary('or', to, by);
  }

  xor(to: Register<32>, by: Register<32>): void {
    this.#binary('xor', to, by);
  }

  cmp(left: Register<64>, right: Register<64> | number): void {
    if (typeof right === 'number') this.#immediate('cmp', left, right);
    else this.#binary('cmp', left, right);
  }

  test(left: Register<8>, right: number): void;
  test(left: Register<64>, right: Register<64>): void;
  test(left: Register<8 | 64>, right: Register<64> | number): void {
    if (typeof right === 'number') {
      const bytes = instruction(false, [OPCODE.unary8], EXTENSION.test, left);
      this.#fixed(Buffer.concat([bytes, int8(right)]), 'test', left, right);
    } else this.#binary('test', left as Register<64>, right);
  }

  imul(to: Register<64>, by: Register<64>): void {
    this.#fixed(instruction(true, [OPCODE.twoBytes, SECOND.imul], to.code, by), 'imul', to, by);
  }

  /** Divides rdx:rax by the register, unsigned; the quotient goes to rax. */
  div(by: Register<64>): void {
    this.#fixed(instruction(true, [OPCODE.unary], EXTENSION.div, by), 'div', by);
  }

  shl(to: Register<64>, by: typeof cl): void;
  shl(to: Register<32>, by: number): void;
  shl(to: Register<32 | 64>, by: typeof cl | number): void {
    if (typeof by === 'number') {
      const bytes = instruction(to.width === 64, [OPCODE.shiftImmediate], EXTENSION.shl, to);
      this.#fixed(Buffer.concat([bytes, int8(by)]), 'shl', to, by);
    } else this.#fixed(instruction(true, [OPCODE.shiftCl], EXTENSION.shl, to), 'shl', to, by);
  }

  shr(to: Register<64>, by: typeof cl): void {
    this.#fixed(instruction(true, [OPCODE.shiftCl], EXTENSION.shr, to), 'shr', to, by);
  }

  syscall(): void {
    this.#fixed(Buffer.of(OPCODE.twoBytes, SECOND.syscall), 'syscall');
  }

  jmp(to: Label | Register<64>): void {
    if (typeof to === 'string') this.#jump('jmp', to, [OPCODE.jmpShort], [OPCODE.jmpNear]);
    else this.#fixed(instruction(false, [OPCODE.indirect], EXTENSION.jmp, to), 'jmp', to);
  }

  /** Jump when (unsigned) above or equal. */
  jae(to: Label): void {
    this.#jumpIf('ae', to);
  }

  je(to: Label): void {
    this.#jumpIf('e', to);
  }

  jne(to: Label): void {
    this.#jumpIf('ne', to);
  }

  /** Jump when (signed) less. */
  jl(to: Label): void {
    this.#jumpIf('l', to);
  }

  #binary(mnemonic: 'add' | 'sub' | 'and' | 'or' | 'xor' | 'cmp' | 'test', to: Register, by: Register): void {
    this.#fixed(instruction(to.width === 64, [OPCODE[mnemonic]], by.code, to), mnemonic, to, by);
  }

  #immediate(mnemonic: 'add' | 'and' | 'cmp', to: Register, by: number): void {
    const [opcode, value] = isInt8(by) ? [OPCODE.immediate8, int8(by)] : [OPCODE.immediate32, int32(by)];
    const bytes = instruction(to.width === 64, [opcode], EXTENSION[mnemonic], to);
    this.#fixed(Buffer.concat([bytes, value]), mnemonic, to, by);
  }

  #jumpIf(condition: keyof typeof CONDITION, to: Label): void {
    const code = CONDITION[condition];
    this.#jump(`j${condition}`, to, [OPCODE.jccShort + code], [OPCODE.twoBytes, SECOND.jccNear + code]);
  }

  #jump(mnemonic: string, to: Label, short: readonly number[], near: readonly number[]): void {
    let reaches = true;
    this.emit((from, target) => {
      const goal = target(to) ?? from;
      const distance = goal - (from + short.length + 1);
      reaches &&= isInt8(distance);
      const bytes = reaches
        ? Buffer.concat([Buffer.from(short), int8(distance)])
        : Buffer.concat([Buffer.from(near), int32(goal - (from + near.length + 4))]);
      return { bytes, mnemonic, operands: hex(goal) };
    });
  }

  #fixed(bytes: Buffer, mnemonic: string, ...operands: (Place<Width> | number)[]): void {
    this.#listed(bytes, mnemonic, operands.map(show).join(','));
  }

  #listed(bytes: Buffer, mnemonic: string, operands: string): void {
    this.emit(() => ({ bytes, mnemonic, operands }));
  }
}
