/**
 * The kernel as a launcher program meets it: a number and up to six 64-bit arguments, answered by a result or by the
 * negated errno (syscall(2) without libc's errno). Pointers are addresses in the caller's memory.
 */
export interface RawKernel {
  syscall(nr: number, args: readonly bigint[]): bigint;
}
