import { atLeast, parseKernelVersion } from '../linux/kernel-version.ts';
import type { Finding } from './finding.ts';
import { mountOf, type Probe } from './probe.ts';

const FEW_BYTES = 500 * 1024 * 1024;
const FEW_INODES = 50_000;
const OTHER_PLACE = 'export XDG_DATA_HOME=DIRECTORY   # on a local ext4, xfs or btrfs file system';
/** Those that overlayfs does not take for what is written: no xattrs, no whiteouts, or names revalidated. */
const NOT_UPPER = new Set([
  '9p',
  'cifs',
  'ecryptfs',
  'exfat',
  'msdos',
  'nfs',
  'nfs4',
  'ntfs',
  'ntfs3',
  'overlay',
  'smb3',
  'vfat',
]);

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MB`;
}

function upperProblem(probe: Probe, fsType: string): string | undefined {
  if (NOT_UPPER.has(fsType) || fsType === 'fuseblk' || fsType.startsWith('fuse.')) {
    return `is on ${fsType}, which overlayfs does not write to`;
  }
  const version = parseKernelVersion(probe.release);
  // tmpfs has user.* attributes since 6.6, and overlays of a user namespace mark deletions with them.
  if (fsType === 'tmpfs' && version !== undefined && !atLeast(version, 6, 6)) {
    return 'is on tmpfs, which overlayfs writes to from Linux 6.6 on';
  }
  return undefined;
}

/** Whether the place for sandboxes can be written, is of a kind that overlays work on, and has room. */
export function checkStore(probe: Probe): Finding[] {
  const common = { id: 'store', title: 'Store' };
  const place = probe.nearest(probe.store);
  const mount = mountOf(probe, place);
  const fsType = mount?.fsType ?? 'unknown';
  if (!probe.writable(place)) {
    const cause = mount?.options.includes('ro')
      ? `${mount.mountPoint} is mounted read-only`
      : `${place} is not writable for you`;
    return [{ ...common, state: 'error', detail: `${probe.store}: ${cause}`, remedy: OTHER_PLACE }];
  }
  const problem = upperProblem(probe, fsType);
  if (problem !== undefined) {
    return [{ ...common, state: 'warning', detail: `${probe.store} ${problem}`, remedy: OTHER_PLACE }];
  }
  const space = probe.space(place);
  if (space !== undefined && space.freeBytes < FEW_BYTES) {
    const detail = `${probe.store} (${fsType}) has only ${megabytes(space.freeBytes)} left`;
    return [{ ...common, state: 'warning', detail, remedy: `free some space, or\n${OTHER_PLACE}` }];
  }
  if (space?.freeInodes !== undefined && space.freeInodes < FEW_INODES) {
    const detail = `${probe.store} (${fsType}) has only ${space.freeInodes} inodes left`;
    return [{ ...common, state: 'warning', detail, remedy: `remove some files, or\n${OTHER_PLACE}` }];
  }
  const room = space === undefined ? '' : `, ${megabytes(space.freeBytes)} free`;
  return [{ ...common, state: 'ok', detail: `${probe.store} (${fsType}${room})` }];
}
