/**
 * How an instruction lies in memory: 32 bytes, little-endian. The encoder writes it, both interpreters read it.
 *
 * The number of a system call shares its 16 bits with the mask of the operands that are slots: bit 10 + i is set when
 * operand i is the index of a slot.
 */
export const FIELD = { handler: 0, result: 2, target: 4, numberAndMask: 6, operands: 8 } as const;
export const NUMBER_BITS = 10;
export const OPERAND_SIZE = 4;
export const OPERAND_COUNT = 6;
