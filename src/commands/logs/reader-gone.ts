import { fstatSync, readFileSync } from 'node:fs';
import { hostSyscalls } from '../../linux/koffi-syscalls.ts';

/**
 * Gives what says whether the reader of standard output is gone, before anything is written: poll(2) reports POLLERR of the writing
 * end of a pipe then, and nothing else, whatever is asked for. Of all else than a pipe it says no.
 */
export function readerWatch(): () => boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/1', 'latin1'))?.[1] ?? '0';
  const isWriteOnly = (Number.parseInt(flags, 8) & 3) === 1;
  if (!isWriteOnly || !fstatSync(1).isFIFO()) return () => false;
  return () => hostSyscalls().pollIn(1, 0);
}
