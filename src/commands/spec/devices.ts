import { readdirSync, statSync } from 'node:fs';
import { decodeBytes, encodeBytes } from '../../linux/bytes.ts';
import type { Device } from '../../plan/spec.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';
import type { DeviceRequest } from '../options/device.ts';
import { realHostPath } from './host-files.ts';

/** Looks devices up; of a directory those that are in it, as podman does it. Throws UsageError. */
export function devicesOf(option: string, requests: readonly DeviceRequest[]): Device[] {
  return requests.flatMap(({ unsafeSource, destination }) => {
    const source = realHostPath(option, unsafeSource, () => '/');
    const about = statSync(encodeBytes(source));
    if (about.isCharacterDevice() || about.isBlockDevice()) return [{ source, destination }];
    const found = about.isDirectory() ? devicesIn(source, destination) : [];
    if (found.length > 0) return found;
    throw new UsageError(`${option}: ${quoted(unsafeSource)} is no device`, {
      hint: 'files and directories are shown with -v',
    });
  });
}

function devicesIn(source: string, destination: string): Device[] {
  return readdirSync(encodeBytes(source), { withFileTypes: true, encoding: 'buffer' })
    .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice())
    .map((entry) => decodeBytes(entry.name))
    .sort()
    .map((name) => ({ source: `${source}/${name}`, destination: `${destination}/${name}` }));
}
