import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Node reads sockets into a new buffer each time. V8 counts these to memory outside its heap, and lets some 64 MB of them
 * pile up before it looks for those that nobody uses. A collection of the youngest objects frees them and takes a
 * fraction of a millisecond, since in the middle of a download there is next to nothing else that is young.
 */

const OFTEN = 8 * 1024 * 1024;

let collect: (() => void) | undefined;
let spent = 0;

function youngCollector(): () => void {
  // The only way to V8's collector. The flag concerns contexts that are made from now on, and this one.
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof gc === 'function' ? () => gc({ type: 'minor' }) : () => {};
}

/** Takes how many bytes of buffers were used and let go; has them freed from time to time. */
export function letGo(bytes: number): void {
  spent += bytes;
  if (spent < OFTEN) return;
  spent = 0;
  collect ??= youngCollector();
  collect();
}
