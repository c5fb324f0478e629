import { CgroupError } from './error.ts';
import type { Hierarchy } from './hierarchy.ts';
import type { LimitFile } from './limit-files.ts';

/** What to do where limits cannot be had, and the command is to run all the same. */
const ANYWAY = 'or go on without: --limits best-effort';

const BOOT = 'boot with systemd.unified_cgroup_hierarchy=1 on the kernel command line';

/** Why there are no control groups for an ordinary user. */
export const NOT_DELEGATED = {
  message: 'no control group is delegated to you, and no systemd user session is reachable',
  hint: `log in through systemd (not by su or sudo), or: sudo loginctl enable-linger USER\n${ANYWAY}`,
} as const;

/** Takes how control groups are mounted and gives why that does not serve. */
export function refusal(kind: Exclude<Hierarchy['kind'], 'unified'>): CgroupError {
  const why = {
    v1: 'this host uses cgroup v1, which an ordinary user cannot set limits with',
    hybrid:
      'this host mixes cgroup v1 and v2: the controllers are with v1, which an ordinary user cannot set limits with',
    none: 'no cgroup v2 is mounted here',
  } as const;
  return new CgroupError('NO_GROUP', why[kind], { hint: kind === 'none' ? ANYWAY : `${BOOT}\n${ANYWAY}` });
}

/** Takes what cannot be limited and gives the error that names the controllers. */
export function explainMissing(files: readonly LimitFile[], advice: string = ANYWAY): CgroupError {
  const controllers = [...new Set(files.map(({ controller }) => controller))];
  const options = [...new Set(files.map(({ option }) => option))];
  const many = controllers.length > 1;
  return new CgroupError(
    'NO_CONTROLLER',
    `${options.join(', ')}: the cgroup controller${many ? 's' : ''} ${controllers.join(' and ')} ${many ? 'are' : 'is'} not delegated to you`,
    { hint: `\`sandbox doctor\` says how to delegate ${many ? 'them' : 'it'}\n${advice}` },
  );
}
