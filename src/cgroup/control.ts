import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { GroupLimits } from '../linux/group-limits.ts';
import { CgroupError, reasonOf } from './error.ts';
import { flatKeyed } from './group-files.ts';
import { explainMissing } from './refusal.ts';
import { controllersOf, splitLimits, writeLimits } from './write-limits.ts';

const ATTEMPTS = 500;
const INTERVAL_MS = 10;

/**
 * Stops every process of a group where it is, or lets it go on; waits until the kernel says that it is so. cgroup-v2.rst,
 * cgroup.freeze. Throws a CgroupError.
 */
export async function setFrozen(directory: string, frozen: boolean): Promise<void> {
  write(`${directory}/cgroup.freeze`, frozen ? '1' : '0');
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const events = flatKeyed(readFileSync(`${directory}/cgroup.events`, 'utf8'));
    if ((events.get('frozen') === 1) === frozen) return;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
  throw new CgroupError('LIMIT', 'the kernel does not stop every process: one waits for a device or the network', {
    hint: 'it is paused as soon as that one can be',
  });
}

/** Kills every process of a group at once, also one that forks as fast as it can; cgroup.kill, from Linux 5.14 on. */
export function killGroup(directory: string): boolean {
  if (!existsSync(`${directory}/cgroup.kill`)) return false;
  write(`${directory}/cgroup.kill`, '1');
  return true;
}

/** Changes the limits of a group with processes in it. Throws a CgroupError that names the option. */
export function updateLimits(directory: string, limits: GroupLimits): void {
  const { possible, impossible } = splitLimits(limits, controllersOf(directory));
  if (impossible.length > 0) throw explainMissing(impossible, '');
  writeLimits(directory, possible);
}

function write(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw new CgroupError('LIMIT', `${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}
