import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { decodeBytes, encodeBytes } from '../../linux/bytes.ts';

/**
 * Takes an absolute path and gives the real one, as far as there is something: what is missing at the end stays as it is written.
 * A link that leads to nothing counts as what it is called: nothing can be mounted from it.
 */
export function realPathSoFar(unsafePath: string): string {
  const path = posix.resolve('/', unsafePath);
  // Dots are the kernel's to follow: `link/..` is not where the link lies.
  let existing = unsafePath;
  let missing = '';
  for (let depth = 0; depth < 4096; depth++) {
    try {
      const real = decodeBytes(realpathSync.native(encodeBytes(existing || '/'), { encoding: 'buffer' }));
      return missing === '' ? real : posix.resolve(real, missing);
    } catch {
      const slash = existing.replace(/\/+$/, '').lastIndexOf('/');
      if (slash < 0) return path;
      missing = `${existing.slice(slash + 1)}${missing === '' ? '' : `/${missing}`}`;
      existing = existing.slice(0, slash);
    }
  }
  return path;
}
