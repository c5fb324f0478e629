import { readFileSync, writeFileSync } from 'node:fs';
import { CgroupError, reasonOf } from './error.ts';
import { groupDirectory, hostHierarchy, unifiedGroup } from './hierarchy.ts';
import { OTHERS, OWN_PAYLOAD, PAYLOAD, SCOPE } from './names.ts';

/**
 * Gives the directory of the control group that a sandbox was opened with: nothing is remembered of it, for init is in it.
 * Undefined where it has none. `init`: its pid.
 */
export function findGroup(init: number): string | undefined {
  const hierarchy = hostHierarchy();
  if (!('mountPoint' in hierarchy)) return undefined;
  let group: string | undefined;
  try {
    group = unifiedGroup(readFileSync(`/proc/${init}/cgroup`, 'utf8'));
  } catch {
    return undefined;
  }
  if (group === undefined || !isPayload(group)) return undefined;
  return groupDirectory(hierarchy.mountPoint, group);
}

/** Whether a group has the name of one of ours. */
export function isPayload(group: string): boolean {
  const [parent, name] = split(group);
  return (name === PAYLOAD && SCOPE.test(parent)) || OWN_PAYLOAD.test(name);
}

function split(group: string): [parent: string, name: string] {
  const slash = group.lastIndexOf('/');
  return [group.slice(0, slash), group.slice(slash + 1)];
}

/**
 * Brings this process to where it may put another one into the group of a sandbox that it joins. Gives the group's directory,
 * undefined where the sandbox has none. Throws a CgroupError.
 */
export async function approachGroup(init: number): Promise<string | undefined> {
  const directory = findGroup(init);
  if (directory === undefined) return undefined;
  if (isFrozen(directory)) {
    throw new CgroupError('PAUSED', 'the sandbox is paused', { hint: 'let it go on with: sandbox unpause NAME' });
  }
  const [parent] = split(directory);
  const scope = SCOPE.exec(parent)?.[1];
  if (scope !== undefined) {
    const { attachToScope } = await import('./user-manager.ts');
    await attachToScope(scope);
  } else {
    try {
      writeFileSync(`${parent}/${OTHERS}/cgroup.procs`, String(process.pid));
    } catch (cause) {
      throw new CgroupError('NO_GROUP', `the control group of the sandbox cannot be entered: ${reasonOf(cause)}`, {
        hint: 'open another shell in it from where it was opened itself',
        cause,
      });
    }
  }
  return directory;
}

/** Whether a group is paused: cgroup.freeze. */
export function isFrozen(directory: string): boolean {
  try {
    return readFileSync(`${directory}/cgroup.freeze`, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}

/** Gives the group of a running sandbox that is to be changed. Throws a CgroupError UNGROUPED where it has none. */
export function requireGroup(name: string, init: number): string {
  const directory = findGroup(init);
  if (directory !== undefined) return directory;
  const { kind } = hostHierarchy();
  throw new CgroupError('UNGROUPED', `the sandbox ${name} has no control group`, {
    hint:
      kind === 'unified'
        ? 'open it with a limit, such as --pids-limit 4096, or with --limits required'
        : 'this host has no cgroup v2 of its own: see `sandbox doctor`',
  });
}
