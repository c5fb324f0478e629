import { readFileSync } from 'node:fs';
import { type MountInfo, readMountInfo } from '../linux/mountinfo.ts';

/** How this host mounts control groups; cgroups(7). */
export type Hierarchy =
  /**
   * Version 2 alone, or besides version 1, which then has the controllers. `own`: the group of a process, a path from the
   * mount point on, `/` or without a slash at its end.
   */
  | { readonly kind: 'unified' | 'hybrid'; readonly mountPoint: string; readonly own: string }
  | { readonly kind: 'v1' | 'none' };

/** Takes the text of /proc/PID/cgroup and gives the group of version 2, undefined where there is none. */
export function unifiedGroup(text: string): string | undefined {
  return text
    .split('\n')
    .find((line) => line.startsWith('0::/'))
    ?.slice('0::'.length);
}

/** Takes the mounts and /proc/PID/cgroup. */
export function hierarchyOf(mounts: readonly MountInfo[], groups: string): Hierarchy {
  const unified = mounts.find(({ fsType }) => fsType === 'cgroup2');
  const hasVersion1 = mounts.some(({ fsType }) => fsType === 'cgroup');
  if (unified === undefined) return { kind: hasVersion1 ? 'v1' : 'none' };
  const own = unifiedGroup(groups);
  if (own === undefined) return { kind: hasVersion1 ? 'v1' : 'none' };
  // A container may see its part of the hierarchy mounted, and name its group from the top.
  const root = unified.root === '/' ? '' : unified.root;
  const inside = root !== '' && (own === root || own.startsWith(`${root}/`)) ? own.slice(root.length) || '/' : own;
  return { kind: hasVersion1 ? 'hybrid' : 'unified', mountPoint: unified.mountPoint, own: inside };
}

/** Looks at this host. */
export function hostHierarchy(): Hierarchy {
  return hierarchyOf(readMountInfo(), readFileSync('/proc/self/cgroup', 'utf8'));
}

/** Gives the absolute path of a group's directory. */
export function groupDirectory(mountPoint: string, group: string): string {
  return group === '/' ? mountPoint : `${mountPoint}${group}`;
}
