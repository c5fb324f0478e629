import { loadKoffi } from './linux/koffi.ts';

/**
 * What `sandbox --self-test` prints: that the native parts of this file work on this machine. It calls getpid(2) through
 * koffi; throws where that does not give this process's id.
 */
export function selfTest(): string {
  const libc = loadKoffi().load('libc.so.6');
  const pid: unknown = libc.func('int getpid()')();
  if (pid !== process.pid) throw new Error(`getpid through koffi gave ${String(pid)} instead of ${process.pid}`);
  return `koffi: works on ${process.arch}, Node ${process.version}`;
}
