import { hostArch } from './arch.ts';
import { KernelSyscalls } from './kernel-syscalls.ts';
import { loadKoffi } from './koffi.ts';
import { syscallNumber } from './syscall-numbers.ts';
import type { Syscalls } from './syscalls.ts';
import type { SystemCall, SystemCallArgument } from './system-call.ts';

let loaded: Syscalls | undefined;

/**
 * Gives the host kernel's Syscalls. Loads koffi's native part on the first call, so call it only where one is really
 * needed. Throws a RangeError on an architecture other than x86_64 and aarch64.
 */
export function hostSyscalls(): Syscalls {
  loaded ??= new KernelSyscalls(koffiSystemCall(), hostArch());
  return loaded;
}

/** syscall(2) of the libc that Node itself runs on, so that glibc and musl need no name of a library. */
function koffiSystemCall(): SystemCall {
  const koffi = loadKoffi();
  // `void *` takes integers (as BigInt) and buffers alike. Buffers are passed themselves and not by their address:
  // that keeps them from being collected or moved during the call.
  const argument = 'void *';
  const parameters = ['int64_t', argument, argument, argument, argument, argument, argument];
  const syscall = koffi.load(null).func('syscall', 'int64_t', parameters);
  const arch = hostArch();
  return (name, ...args) => {
    const [a = null, b = null, c = null, d = null, e = null, f = null] = args.map(toNative);
    const result: unknown = syscall(syscallNumber(arch, name), a, b, c, d, e, f);
    if (typeof result !== 'number' && typeof result !== 'bigint') throw new TypeError('syscall(2) gave no number');
    // libc's errno, read before anything else may overwrite it.
    return Number(result) === -1 ? BigInt(-koffi.errno()) : BigInt(result);
  };
}

function toNative(argument: SystemCallArgument): bigint | Uint8Array | null {
  return typeof argument === 'number' ? BigInt(argument) : argument;
}
