/** Numbers are passed as they are, bytes by address (the kernel may write into them), null as the null pointer. */
export type SystemCallArgument = number | bigint | Uint8Array | null;

/**
 * One system call by name, with up to six arguments. Answers its result, or the negated errno: -4095..-1, as the kernel
 * itself does. The only thing between the typed Syscalls and the machine, and so what tests replace.
 */
export type SystemCall = (name: string, ...args: readonly SystemCallArgument[]) => bigint;
