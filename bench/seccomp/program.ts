import { type Arch, hostArch } from '../../src/linux/arch.ts';

const LOAD_ADDRESS = 0x400000n;
const HEAD = 120;

/** A loop of getppid(2), then exit(2). Intel SDM, volume 2; Arm ARM, C6.2. */
function code(arch: Arch, times: number): Buffer {
  const low = times & 0xffff;
  const high = times >>> 16;
  if (arch === 'x86_64') {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(times);
    return Buffer.from([
      ...[0xbb, ...count], // mov ebx, times
      ...[0xb8, 110, 0, 0, 0, 0x0f, 0x05], // mov eax, SYS_getppid; syscall
      ...[0xff, 0xcb, 0x75, 0xf5], // dec ebx; jnz to the former
      ...[0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05], // xor edi, edi; mov eax, SYS_exit; syscall
    ]);
  }
  const words = [
    0x52800013 | (low << 5), // mov w19, #low
    0x72a00013 | (high << 5), // movk w19, #high, lsl #16
    0xd2800008 | (173 << 5), // mov x8, SYS_getppid
    0xd4000001, // svc #0
    0x71000673, // subs w19, w19, #1
    0x54ffffa1, // b.ne to the mov x8
    0xd2800000, // mov x0, #0
    0xd2800008 | (93 << 5), // mov x8, SYS_exit
    0xd4000001, // svc #0
  ];
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
  return bytes;
}

/** Gives a static executable (elf(5)) that asks for its parent so many times, and nothing else. */
export function askingForParent(times: number, arch: Arch = hostArch()): Buffer {
  const instructions = code(arch, times);
  const head = Buffer.alloc(HEAD);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(2, 16); // ET_EXEC
  head.writeUInt16LE(arch === 'x86_64' ? 62 : 183, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(LOAD_ADDRESS + BigInt(HEAD), 24);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64); // PT_LOAD
  head.writeUInt32LE(5, 68); // readable, executable
  for (const offset of [80, 88]) head.writeBigUInt64LE(LOAD_ADDRESS, offset);
  for (const offset of [96, 104]) head.writeBigUInt64LE(BigInt(HEAD + instructions.length), offset);
  head.writeBigUInt64LE(0x10000n, 112);
  return Buffer.concat([head, instructions]);
}
