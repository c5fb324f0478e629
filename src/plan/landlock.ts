import type { LandlockRules, SetupOp } from '../launch/operations.ts';
import type { Arch } from '../linux/arch.ts';
import { portFilter } from './port-filter.ts';
import type { Spec } from './spec.ts';

/** What the command's process gives up by Landlock, and the calls that its rules for ports do not see. */
export function planLandlock(spec: Spec, arch: Arch): SetupOp[] {
  const { landlock, connectTcp, bindTcp } = spec.security;
  const forPorts = connectTcp !== undefined || bindTcp !== undefined;
  if (!landlock && !forPorts) return [];
  const operations: SetupOp[] = [{ op: 'landlock', rules: landlockRules(spec) }];
  if (forPorts) {
    operations.push({ op: 'seccomp', purpose: 'no way past the rules for ports', filter: portFilter(arch) });
  }
  return operations;
}

/**
 * The file system that is held fast is the one that was mounted: whatever else a process gets hold of, by a bug of the kernel
 * or of ours, lies beneath none of these paths. Rules only add up, so nothing beneath the root can have less than the root
 * has; where the root is read-only, the places that are not are named one by one. Writing to files of /proc is a process's
 * own business (`oom_score_adj`, `/dev/stdout`), and /proc/sys is read-only.
 */
function landlockRules(spec: Spec): LandlockRules {
  const { landlock, connectTcp, bindTcp } = spec.security;
  const root = spec.readOnly ? readOnlyPaths(spec) : [{ path: '/', access: 'all' } as const];
  return {
    paths: landlock ? [...root, { path: '/dev', access: 'devices' }] : [],
    ...(connectTcp === undefined ? {} : { connectTcp }),
    ...(bindTcp === undefined ? {} : { bindTcp }),
    scoped: landlock,
  };
}

/** What is in memory or of the process's own even where the root is read-only (plan.ts, kernel-files.ts). */
const WRITABLE = ['/proc', '/run', '/tmp', '/var/tmp'];

function readOnlyPaths({ workspace, volumes, tmpfs }: Spec): LandlockRules['paths'] {
  const places = [
    ...WRITABLE,
    ...(workspace.kind === 'rw' || workspace.kind === 'cow' ? [workspace.path] : []),
    ...volumes.flatMap(({ destination, access }) => (access === 'rw' ? [destination] : [])),
    ...tmpfs.map(({ destination }) => destination),
  ];
  const writable = [...new Set(places)].map((path) => ({ path, access: 'all' }) as const);
  return [{ path: '/', access: 'read' }, ...writable];
}
