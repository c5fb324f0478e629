import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { DeviceRate, GroupLimits } from '../linux/group-limits.ts';
import { CgroupError, reasonOf } from './error.ts';
import { type LimitFile, limitFiles } from './limit-files.ts';

/** Gives `major:minor` of a block device. Throws a CgroupError LIMIT. */
function deviceNumber({ device }: DeviceRate): string {
  const about = statSync(device, { throwIfNoEntry: false });
  if (!about?.isBlockDevice()) {
    throw new CgroupError('LIMIT', `${device} is no block device`, {
      hint: 'name the whole disk, such as /dev/sda: `lsblk` lists them',
    });
  }
  // makedev(3): 12 bits of major, 20 of minor, mixed.
  const major = (about.rdev >>> 8) & 0xfff;
  const minor = (about.rdev & 0xff) | ((about.rdev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

/** Gives the controllers that a group has. */
export function controllersOf(directory: string): string[] {
  const text = readFileSync(`${directory}/cgroup.controllers`, 'utf8').trim();
  return text === '' ? [] : text.split(' ');
}

/** Splits limits into what a group with these controllers can hold, and the rest. Throws a CgroupError LIMIT. */
export function splitLimits(
  limits: GroupLimits,
  controllers: readonly string[],
): { readonly possible: readonly LimitFile[]; readonly impossible: readonly LimitFile[] } {
  const files = limitFiles(limits, deviceNumber);
  return {
    possible: files.filter(({ controller }) => controllers.includes(controller)),
    impossible: files.filter(({ controller }) => !controllers.includes(controller)),
  };
}

/** Writes limits into a group's files. Throws a CgroupError LIMIT that names the option and the errno. */
export function writeLimits(directory: string, files: readonly LimitFile[]): void {
  for (const { file, content, option, optional } of files) {
    const path = `${directory}/${file}`;
    if (optional && !existsSync(path)) continue;
    try {
      writeFileSync(path, content);
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new CgroupError('LIMIT', `${option}: the kernel does not take ${content} for ${file}: ${reason}`, {
        hint: hintFor(file, reason),
        cause,
      });
    }
  }
}

function hintFor(file: string, reason: string): string | undefined {
  if (file === 'io.weight' && reason === 'ENOENT') return 'this kernel has no io.weight (CONFIG_BLK_CGROUP_IOCOST)';
  if (file === 'memory.swap.max' && reason === 'ENOENT') return 'this kernel does not account swap (swapaccount=1)';
  if (file === 'io.max' && reason === 'ENODEV') return 'name the whole disk and not a partition of it';
  return undefined;
}
