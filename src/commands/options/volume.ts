import { unexpected } from '../arguments/usage-error.ts';
import { oneOf } from './choice.ts';
import { parseMountPoint } from './path.ts';

/** A volume as it was typed: the source is not looked up yet, and may be relative to the current directory. */
export interface VolumeRequest {
  readonly unsafeSource: string;
  readonly destination: string;
  readonly access: 'rw' | 'ro';
}

const FORM = 'SRC:DST or SRC:DST:ro';

/** Takes `SRC:DST[:ro|rw]` of podman-run(1). Named and anonymous volumes are refused. Throws UsageError. */
export function parseVolume(text: string): VolumeRequest {
  const [unsafeSource = '', destination, access, ...more] = text.split(':');
  if (destination === undefined || more.length > 0 || unsafeSource === '') {
    throw unexpected(FORM, text, more.length > 0 ? 'a path with a colon cannot be written here' : undefined);
  }
  if (!unsafeSource.startsWith('/') && !unsafeSource.startsWith('.')) {
    const hint = `named volumes are not supported; for a directory here, write ./${unsafeSource}`;
    throw unexpected('a source that starts with / or .', unsafeSource, unsafeSource.startsWith('~') ? undefined : hint);
  }
  return {
    unsafeSource,
    destination: parseMountPoint(destination),
    access: access === undefined ? 'rw' : oneOf(['rw', 'ro'])(access),
  };
}
