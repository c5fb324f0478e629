/**
 * `strip --strip-all` for ELF64, little-endian: drops every section that is not loaded (symbols, debug information,
 * comments) and leaves the loaded bytes and program headers as they are. Done here so that a build needs no binutils,
 * and so that both architectures are treated alike. Follows elf(5).
 */
const HEADER_SIZE = 64;
const SECTION_SIZE = 64;
const SHT_NULL = 0;
const SHT_STRTAB = 3;
const SHT_NOBITS = 8;
const SHT_RELA = 4;
const SHF_ALLOC = 2n;
const SHF_INFO_LINK = 0x40n;
const PT_LOAD = 1;

interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly offset: number;
  readonly size: number;
  readonly header: Buffer;
}

/**
 * Gives a copy of the ELF file `elf` without its unloaded sections.
 * Throws where the input is not ELF64 little-endian, or where a loaded byte lies behind what would be kept.
 */
export function stripElf(elf: Buffer): Buffer {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error('strip: not a 64-bit little-endian ELF file');
  }
  const kept = readSections(elf).filter(({ type, flags }) => type === SHT_NULL || (flags & SHF_ALLOC) !== 0n);
  const end = endOfLoadedBytes(elf, kept);

  const names = Buffer.from(`${kept.map(({ name }) => `${name}\0`).join('')}.shstrtab\0`, 'latin1');
  const tableOffset = (end + names.length + 7) & ~7;
  const newIndex = new Map(kept.map(({ index }, position) => [index, position]));

  const out = Buffer.alloc(tableOffset + (kept.length + 1) * SECTION_SIZE);
  elf.copy(out, 0, 0, end);
  names.copy(out, end);
  let nameOffset = 0;
  for (const [position, section] of kept.entries()) {
    const header = Buffer.from(section.header);
    header.writeUInt32LE(nameOffset, 0);
    header.writeUInt32LE(newIndex.get(header.readUInt32LE(40)) ?? 0, 40);
    // sh_info is a section index in relocation sections only; elsewhere it is a count.
    if (section.type === SHT_RELA || (section.flags & SHF_INFO_LINK) !== 0n) {
      header.writeUInt32LE(newIndex.get(header.readUInt32LE(44)) ?? 0, 44);
    }
    header.copy(out, tableOffset + position * SECTION_SIZE);
    nameOffset += section.name.length + 1;
  }
  const strtab = tableOffset + kept.length * SECTION_SIZE;
  out.writeUInt32LE(nameOffset, strtab);
  out.writeUInt32LE(SHT_STRTAB, strtab + 4);
  out.writeBigUInt64LE(BigInt(end), strtab + 24);
  out.writeBigUInt64LE(BigInt(names.length), strtab + 32);
  out.writeBigUInt64LE(1n, strtab + 48);

  out.writeBigUInt64LE(BigInt(tableOffset), 40); // e_shoff
  out.writeUInt16LE(kept.length + 1, 60); // e_shnum
  out.writeUInt16LE(kept.length, 62); // e_shstrndx
  return out;
}

function readSections(elf: Buffer): Section[] {
  const tableOffset = Number(elf.readBigUInt64LE(40));
  const count = elf.readUInt16LE(60);
  const headers = Array.from({ length: count }, (_, index) => {
    const start = tableOffset + index * SECTION_SIZE;
    return elf.subarray(start, start + SECTION_SIZE);
  });
  const namesHeader = headers[elf.readUInt16LE(62)];
  if (namesHeader === undefined) throw new Error('strip: the ELF file has no section names');
  const namesOffset = Number(namesHeader.readBigUInt64LE(24));
  return headers.map((header, index) => {
    const nameStart = namesOffset + header.readUInt32LE(0);
    return {
      index,
      name: elf.toString('latin1', nameStart, elf.indexOf(0, nameStart)),
      type: header.readUInt32LE(4),
      flags: header.readBigUInt64LE(8),
      offset: Number(header.readBigUInt64LE(24)),
      size: Number(header.readBigUInt64LE(32)),
      header,
    };
  });
}

/** File offset behind the last byte that the kernel or the dynamic linker reads. */
function endOfLoadedBytes(elf: Buffer, kept: readonly Section[]): number {
  let end = HEADER_SIZE;
  for (const { type, offset, size } of kept) {
    if (type !== SHT_NULL && type !== SHT_NOBITS) end = Math.max(end, offset + size);
  }
  const programHeaders = Number(elf.readBigUInt64LE(32));
  for (let index = 0; index < elf.readUInt16LE(56); index++) {
    const start = programHeaders + index * 56;
    if (elf.readUInt32LE(start) !== PT_LOAD) continue;
    end = Math.max(end, Number(elf.readBigUInt64LE(start + 8) + elf.readBigUInt64LE(start + 32)));
  }
  if (end > elf.length) throw new Error('strip: the ELF file is truncated');
  return end;
}
