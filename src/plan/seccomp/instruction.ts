/** One struct sock_filter: code, jump if true, jump if false, operand; bpf(4), Documentation/networking/filter.rst. */
export type FilterInstruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/** Codes of classic BPF that filters are made of, class | size or operation | source: include/uapi/linux/bpf_common.h. */
export const CODE = {
  /** BPF_LD | BPF_W | BPF_ABS: a word of struct seccomp_data. */
  load: 0x20,
  /** BPF_ALU | BPF_AND | BPF_K. */
  and: 0x54,
  /** BPF_JMP | BPF_JA: over k instructions. */
  jump: 0x05,
  /** BPF_JMP | BPF_JEQ, JGT, JGE, JSET | BPF_K. */
  equal: 0x15,
  greater: 0x25,
  greaterOrEqual: 0x35,
  anyBit: 0x45,
  /** BPF_RET | BPF_K. */
  return: 0x06,
} as const;

/** Offsets in struct seccomp_data: include/uapi/linux/seccomp.h. */
export const DATA = { number: 0, arch: 4, arguments: 16 } as const;

/** BPF_MAXINSNS: include/uapi/linux/bpf_common.h. */
export const MOST_INSTRUCTIONS = 4096;
