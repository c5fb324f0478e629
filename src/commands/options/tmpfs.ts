import { didYouMean } from '../../config/did-you-mean.ts';
import type { Tmpfs } from '../../plan/spec.ts';
import { unexpected } from '../arguments/usage-error.ts';
import { parseByteSize } from './byte-size.ts';
import { parseMountPoint } from './path.ts';

/** World-writable with the sticky bit, as podman makes them and /tmp is. */
const DEFAULT_MODE = 0o1777;

function parseMode(text: string): number {
  if (!/^[0-7]{1,4}$/.test(text)) throw unexpected('a mode in octal such as 1777', text);
  return Number.parseInt(text, 8);
}

/** Takes `DST[:size=64m,mode=1777]` of podman-run(1) and tmpfs(5). Throws UsageError. */
export function parseTmpfs(text: string): Tmpfs {
  const colon = text.indexOf(':');
  const destination = parseMountPoint(colon === -1 ? text : text.slice(0, colon));
  let size: number | undefined;
  let mode = DEFAULT_MODE;
  for (const setting of colon === -1 ? [] : text.slice(colon + 1).split(',')) {
    const equals = setting.indexOf('=');
    const key = equals === -1 ? setting : setting.slice(0, equals);
    if (key === 'size' && equals !== -1) size = parseByteSize(setting.slice(equals + 1));
    else if (key === 'mode' && equals !== -1) mode = parseMode(setting.slice(equals + 1));
    else {
      const nearest = didYouMean(key, ['size', 'mode']);
      throw unexpected('size=BYTES or mode=OCTAL after the colon', setting, nearest && `did you mean ${nearest}=?`);
    }
  }
  return size === undefined ? { destination, mode } : { destination, size, mode };
}
