import type { Arch } from '../linux/arch.ts';
import { encodeInstructions } from './encode.ts';
import { CODE_OFFSET, interpreterCode } from './interpreter/code.ts';
import { DATA_ADDRESS, PROGRAM_ADDRESS, type Program, TEXT_ADDRESS } from './isa.ts';

const FILE_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;

/** elf(5), `Elf64_Ehdr`. */
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const CURRENT_VERSION = 1;
const ET_EXEC = 2;
const MACHINE: Record<Arch, number> = { x86_64: 62, aarch64: 183 };

/** elf(5), `Elf64_Phdr`. */
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const PF = { x: 1, w: 2, r: 4 } as const;

/** The largest page that a kernel of the architecture may use: file offsets must be congruent to addresses modulo it. */
const PAGE: Record<Arch, number> = { x86_64: 0x1000, aarch64: 0x1_0000 };

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/**
 * Gives a launcher: a static, non-PIE ELF64 executable of the interpreter and a program, as laid out in isa.ts. Text is
 * R-X, the program R--, the data RW-, the stack not executable. Follows elf(5) and the kernel's fs/binfmt_elf.c.
 * Throws an EncodeError for a program that the format cannot hold.
 */
export function launcherElf(arch: Arch, program: Program): Buffer {
  const page = PAGE[arch];
  const align = (size: number) => Math.ceil(size / page) * page;
  const { code, handlers } = interpreterCode(arch);
  const readOnly = Buffer.concat([encodeInstructions(program, handlers), program.constants]);
  const writable = initialData(program);
  // Trailing zeros come for free as memory that the file does not fill.
  const stored = writable.subarray(0, writable.findLastIndex((value) => value !== 0) + 1);

  const textSize = CODE_OFFSET + code.length;
  const programOffset = align(textSize);
  // With nothing stored there is nothing to map: any congruent offset will do, and 0 makes no page of the file needed.
  const dataOffset = stored.length === 0 ? 0 : align(programOffset + readOnly.length);
  const load = { type: PT_LOAD, align: page };
  const segments: readonly Segment[] = [
    { ...load, flags: PF.r | PF.x, offset: 0, address: TEXT_ADDRESS, fileSize: textSize, memorySize: textSize },
    {
      ...load,
      flags: PF.r,
      offset: programOffset,
      address: PROGRAM_ADDRESS,
      fileSize: readOnly.length,
      memorySize: readOnly.length,
    },
    {
      ...load,
      flags: PF.r | PF.w,
      offset: dataOffset,
      address: DATA_ADDRESS,
      fileSize: stored.length,
      memorySize: writable.length + program.zeroed,
    },
    { type: PT_GNU_STACK, flags: PF.r | PF.w, offset: 0, address: 0, fileSize: 0, memorySize: 0, align: 16 },
  ];

  const file = Buffer.alloc(stored.length === 0 ? programOffset + readOnly.length : dataOffset + stored.length);
  writeFileHeader(file, arch, segments.length);
  for (const [i, segment] of segments.entries()) {
    writeProgramHeader(file.subarray(FILE_HEADER_SIZE + i * PROGRAM_HEADER_SIZE), segment);
  }
  code.copy(file, CODE_OFFSET);
  readOnly.copy(file, programOffset);
  stored.copy(file, dataOffset);
  return file;
}

/** Gives the slots' values followed by the data. */
function initialData({ slots, data }: Program): Buffer {
  const bytes = Buffer.alloc(slots.length * 8 + data.length);
  for (const [index, value] of slots.entries()) bytes.writeBigUInt64LE(BigInt.asUintN(64, value), index * 8);
  bytes.set(data, slots.length * 8);
  return bytes;
}

function writeFileHeader(file: Buffer, arch: Arch, segmentCount: number): void {
  file.set([0x7f, ...Buffer.from('ELF'), CLASS_64, LITTLE_ENDIAN, CURRENT_VERSION]);
  file.writeUInt16LE(ET_EXEC, 16);
  file.writeUInt16LE(MACHINE[arch], 18);
  file.writeUInt32LE(CURRENT_VERSION, 20);
  file.writeBigUInt64LE(BigInt(TEXT_ADDRESS + CODE_OFFSET), 24);
  file.writeBigUInt64LE(BigInt(FILE_HEADER_SIZE), 32);
  file.writeUInt16LE(FILE_HEADER_SIZE, 52);
  file.writeUInt16LE(PROGRAM_HEADER_SIZE, 54);
  file.writeUInt16LE(segmentCount, 56);
}

function writeProgramHeader(into: Buffer, segment: Segment): void {
  into.writeUInt32LE(segment.type, 0);
  into.writeUInt32LE(segment.flags, 4);
  into.writeBigUInt64LE(BigInt(segment.offset), 8);
  // Virtual and physical address.
  into.writeBigUInt64LE(BigInt(segment.address), 16);
  into.writeBigUInt64LE(BigInt(segment.address), 24);
  into.writeBigUInt64LE(BigInt(segment.fileSize), 32);
  into.writeBigUInt64LE(BigInt(segment.memorySize), 40);
  into.writeBigUInt64LE(BigInt(segment.align), 48);
}
