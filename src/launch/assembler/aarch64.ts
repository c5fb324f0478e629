/**
 * A small assembler for aarch64: the instructions that the interpreter needs, named as in the Arm Architecture Reference
 * Manual for A-profile, section C6.2. Instructions are composed from the manual's fields, written as shifts.
 */
import {
  type Address,
  hex,
  machineWord,
  type Offset,
  type Register,
  rd,
  rm,
  rn,
  rt2,
  STACK_POINTER,
  show,
  showAddress,
  signedField,
  unsignedField,
  ZERO,
} from './aarch64-operands.ts';
import { Assembler, AssemblerError } from './assembler.ts';

/** Bit 31 of most instructions: the registers are 64 bits wide. */
const SF = 1 << 31;

/** Classes of instructions: the fixed bits, without those that the fields below set. */
const CLASS = {
  addSubtractImmediate: 0b100010 << 23,
  addSubtractRegister: 0b01011 << 24,
  logicalRegister: 0b01010 << 24,
  moveWide: 0b100101 << 23,
  bitfield: 0b100110 << 23,
  multiplyAdd: 0b11011 << 24,
  twoSources: 0b11010110 << 21,
  loadStoreUnsignedOffset: 0b111001 << 24,
  loadStoreRegister: 0b111000 << 24,
  loadPairOffset: 0b1010010 << 23,
  branch: 0b000101 << 26,
  branchIf: 0b01010100 << 24,
  testBranch: 0b011011 << 25,
  branchRegister: 0b1101011 << 25,
  exception: 0b11010100 << 24,
} as const;

/** The field `opc`/`op`, where it tells instructions of one class apart. */
const SUBTRACT = 1 << 30;
const SET_FLAGS = 1 << 29;
const LOGICAL = { and: 0, orr: 0b01 << 29 } as const;
const MOVE_ZERO_OTHERS = 0b10 << 29;
const BITFIELD_UNSIGNED = 0b10 << 29;
const TWO_SOURCES = { udiv: 0b000010 << 10, lslv: 0b001000 << 10, lsrv: 0b001001 << 10 } as const;
const BRANCH_ALWAYS = 0b11111 << 16;
const SUPERVISOR_CALL = 0b00001;

/** Loads and stores: log2 of the size at bit 30, the direction at bit 22, how the address is formed at bit 10. */
const SIZE = { byte: 0, half: 1, word: 2, double: 3 } as const;
const DIRECTION = { store: 0, load: 0b01 << 22 } as const;
const UNSCALED = 0b00 << 10;
const POST_INDEX = 0b01 << 10;
const REGISTER_OFFSET = (1 << 21) | (0b011 << 13) | (0b10 << 10);
const SCALE_INDEX = 1 << 12;
const PAIR_SIGNED_WORDS = 0b01 << 30;
const PAIR_LOAD = 1 << 22;

const CONDITION = { eq: 0b0000, ne: 0b0001, cs: 0b0010, ge: 0b1010, lt: 0b1011 } as const;

export class Aarch64Assembler<Label extends string> extends Assembler<Label> {
  /** Sets a register to 16 bits of a constant, at bit 0, 16, 32 or 48. Other constants take more than one instruction. */
  movz(to: Register<64>, value: number): void {
    const half = [0, 1, 2, 3].find((i) => value % 2 ** (16 * i) === 0 && value < 2 ** (16 * (i + 1)));
    if (half === undefined) throw new AssemblerError(`0x${value.toString(16)} is more than one movz can set`);
    const field = unsignedField(value / 2 ** (16 * half), 16, 5);
    // Printed as the alias that disassemblers prefer.
    this.#word(
      SF | CLASS.moveWide | MOVE_ZERO_OTHERS | (half << 21) | field | rd(to),
      'mov',
      `${show(to)}, #${hex(value)}`,
    );
  }

  /** mov (to/from SP): copies the stack pointer. */
  movFromSp(to: Register<64>): void {
    this.#word(SF | CLASS.addSubtractImmediate | (STACK_POINTER << 5) | rd(to), 'mov', `${show(to)}, sp`);
  }

  /** to = left + (right << shift) */
  add(to: Register<64>, left: Register<64>, right: Register<64>, shift = 0): void {
    const bits = SF | CLASS.addSubtractRegister | rm(right) | unsignedField(shift, 6, 10) | rn(left) | rd(to);
    this.#word(bits, 'add', `${show(to)}, ${show(left)}, ${show(right)}${shift ? `, lsl #${shift}` : ''}`);
  }

  sub(to: Register<64>, left: Register<64>, right: Register<64>): void {
    const bits = SF | CLASS.addSubtractRegister | SUBTRACT | rm(right) | rn(left) | rd(to);
    this.#word(bits, 'sub', `${show(to)}, ${show(left)}, ${show(right)}`);
  }

  and(to: Register<64>, left: Register<64>, right: Register<64>): void {
    this.#logical('and', to, left, right);
  }

  orr(to: Register<64>, left: Register<64>, right: Register<64>): void {
    this.#logical('orr', to, left, right);
  }

  mul(to: Register<64>, left: Register<64>, right: Register<64>): void {
    const bits = SF | CLASS.multiplyAdd | rm(right) | (ZERO << 10) | rn(left) | rd(to);
    this.#word(bits, 'mul', `${show(to)}, ${show(left)}, ${show(right)}`);
  }

  /** Unsigned division; a divisor of 0 gives 0. */
  udiv(to: Register<64>, left: Register<64>, right: Register<64>): void {
    this.#twoSources('udiv', TWO_SOURCES.udiv, to, left, right);
  }

  /** The count is taken modulo 64. */
  lsl(to: Register<64>, value: Register<64>, count: Register<64>): void {
    this.#twoSources('lsl', TWO_SOURCES.lslv, to, value, count);
  }

  /** The count is taken modulo 64. */
  lsr(to: Register<64>, value: Register<64>, count: Register<64>): void {
    this.#twoSources('lsr', TWO_SOURCES.lsrv, to, value, count);
  }

  /** Keeps the lowest `bits` bits: ubfx with position 0. */
  ubfx(to: Register<32>, from: Register<32>, bits: number): void {
    const field = unsignedField(bits - 1, 5, 10);
    this.#word(
      CLASS.bitfield | BITFIELD_UNSIGNED | field | rn(from) | rd(to),
      'ubfx',
      `${show(to)}, ${show(from)}, #0, #${bits}`,
    );
  }

  cmp(left: Register<64>, right: Register<64>): void {
    const bits = SF | CLASS.addSubtractRegister | SUBTRACT | SET_FLAGS | rm(right) | rn(left) | ZERO;
    this.#word(bits, 'cmp', `${show(left)}, ${show(right)}`);
  }

  /** Compares with the negated constant, by adding it. */
  cmn(left: Register<64>, right: number): void {
    const bits = SF | CLASS.addSubtractImmediate | SET_FLAGS | unsignedField(right, 12, 10) | rn(left) | ZERO;
    this.#word(bits, 'cmn', `${show(left)}, #${hex(right)}`);
  }

  ldrb(to: Register<32>, from: Address): void {
    this.#loadStore('ldrb', SIZE.byte, DIRECTION.load, to, from);
  }
  ldrh(to: Register<32>, from: Address): void {
    this.#loadStore('ldrh', SIZE.half, DIRECTION.load, to, from);
  }
  ldr(to: Register, from: Address): void {
    this.#loadStore('ldr', to.width === 64 ? SIZE.double : SIZE.word, DIRECTION.load, to, from);
  }
  strb(value: Register<32>, to: Address): void {
    this.#loadStore('strb', SIZE.byte, DIRECTION.store, value, to);
  }
  str(value: Register, to: Address): void {
    this.#loadStore('str', value.width === 64 ? SIZE.double : SIZE.word, DIRECTION.store, value, to);
  }

  /** Loads two neighbouring 32-bit values, each sign-extended to 64. */
  ldpsw(first: Register<64>, second: Register<64>, from: Offset): void {
    const offset = signedField(from.offset / 4, 7, 15);
    const bits =
      CLASS.loadPairOffset | PAIR_SIGNED_WORDS | PAIR_LOAD | offset | rt2(second) | rn(from.base) | rd(first);
    this.#word(bits, 'ldpsw', `${show(first)}, ${show(second)}, ${showAddress(from)}`);
  }

  b(to: Label): void {
    this.#branch('b', '', CLASS.branch, 26, 0, to);
  }
  /** Branch when the flags say so; `cs` is also known as `hs`, unsigned higher or same. */
  bIf(condition: keyof typeof CONDITION, to: Label): void {
    this.#branch(`b.${condition}`, '', CLASS.branchIf | CONDITION[condition], 19, 5, to);
  }
  /** Branch when a bit (0..31) is zero. */
  tbz(tested: Register<32>, bit: number, to: Label): void {
    this.#branch(
      'tbz',
      `${show(tested)}, #${bit}, `,
      CLASS.testBranch | unsignedField(bit, 5, 19) | rd(tested),
      14,
      5,
      to,
    );
  }
  br(to: Register<64>): void {
    this.#word(CLASS.branchRegister | BRANCH_ALWAYS | rn(to), 'br', show(to));
  }
  /** Calls the kernel. */
  svc(): void {
    this.#word(CLASS.exception | SUPERVISOR_CALL, 'svc', '#0x0');
  }

  #logical(mnemonic: keyof typeof LOGICAL, to: Register, left: Register, right: Register): void {
    const bits = SF | CLASS.logicalRegister | LOGICAL[mnemonic] | rm(right) | rn(left) | rd(to);
    this.#word(bits, mnemonic, `${show(to)}, ${show(left)}, ${show(right)}`);
  }

  #twoSources(mnemonic: string, opcode: number, to: Register, left: Register, right: Register): void {
    const bits = SF | CLASS.twoSources | opcode | rm(right) | rn(left) | rd(to);
    this.#word(bits, mnemonic, `${show(to)}, ${show(left)}, ${show(right)}`);
  }

  #loadStore(mnemonic: string, size: number, direction: number, data: Register, address: Address): void {
    const common = (size << 30) | direction | rn(address.base) | rd(data);
    const operands = `${show(data)}, ${showAddress(address)}`;
    if (address.kind === 'postIndex') {
      this.#word(common | CLASS.loadStoreRegister | POST_INDEX | signedField(address.step, 9, 12), mnemonic, operands);
    } else if (address.kind === 'index') {
      if (address.shift !== 0 && address.shift !== size)
        throw new AssemblerError(`${mnemonic} can only shift by ${size}`);
      const scale = address.shift === 0 ? 0 : SCALE_INDEX;
      this.#word(common | CLASS.loadStoreRegister | REGISTER_OFFSET | scale | rm(address.index), mnemonic, operands);
    } else if (address.offset < 0) {
      // The unscaled form, which has its own mnemonic: ldurh for ldrh.
      const unscaled = mnemonic.replace(/^(ld|st)/, '$1u');
      const offset = signedField(address.offset, 9, 12);
      this.#word(common | CLASS.loadStoreRegister | UNSCALED | offset, unscaled, operands);
    } else {
      const offset = unsignedField(address.offset / 2 ** size, 12, 10);
      this.#word(common | CLASS.loadStoreUnsignedOffset | offset, mnemonic, operands);
    }
  }

  #branch(mnemonic: string, tested: string, bits: number, width: number, position: number, to: Label): void {
    this.emit((from, target) => {
      const goal = target(to) ?? from;
      const distance = signedField((goal - from) / 4, width, position);
      return { bytes: machineWord(bits | distance), mnemonic, operands: `${tested}${hex(goal)}` };
    });
  }

  #word(bits: number, mnemonic: string, operands: string): void {
    this.emit(() => ({ bytes: machineWord(bits), mnemonic, operands }));
  }
}
