import { statSync } from 'node:fs';
import { VERSION } from '../version.ts';

/** Tells one build of this program from another: the same plan may give another launcher there. */
export function ownBuild(): string {
  // Not by its path: the file may have been replaced since this process was started.
  const { size, mtimeMs } = statSync('/proc/self/exe');
  return `${VERSION} ${size} ${mtimeMs}`;
}
