import { unexpected } from '../arguments/usage-error.ts';
import { parseMountPoint } from './path.ts';

/** A device as it was typed: not looked up yet. */
export interface DeviceRequest {
  readonly unsafeSource: string;
  readonly destination: string;
}

const FORM = '/dev/NAME, /dev/NAME:DST or /dev/NAME:DST:rwm';

/** Takes `SRC[:DST[:rwm]]` of podman-run(1); `SRC:rwm` too. Throws UsageError. */
export function parseDevice(text: string): DeviceRequest {
  const words = text.split(':');
  const unsafeSource = words.shift() ?? '';
  if (!unsafeSource.startsWith('/')) throw unexpected(FORM, text);
  const destination = words[0]?.startsWith('/') ? words.shift() : undefined;
  const permissions = words.shift() ?? 'rwm';
  if (words.length > 0 || !/^[rwm]+$/.test(permissions)) throw unexpected(FORM, text);
  if (!permissions.includes('r') || !permissions.includes('w')) {
    const hint = 'what may be done with it is what your account may do; leave the last part out';
    throw unexpected('a device to be read and written (rw or rwm)', text, hint);
  }
  return { unsafeSource, destination: parseMountPoint(destination ?? unsafeSource) };
}
