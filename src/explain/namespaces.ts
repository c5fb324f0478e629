import { checkNamespaceLimits } from '../doctor/namespace-limits.ts';
import { type Probe, readNumber } from '../doctor/probe.ts';
import { checkSubordinateIds } from '../doctor/subordinate-ids.ts';
import { namespaceBlockers } from '../doctor/user-namespaces.ts';
import { type Explain, type Explanation, HELPER_FAILED } from './explanation.ts';

/** clone(2), unshare(2): ENOSPC is a limit of namespaces per user or their nesting; EUSERS before Linux 4.9. */
function limitReached(host: Probe): Explanation {
  const limit = readNumber(host, '/proc/sys/user/max_user_namespaces');
  const [blocker] = namespaceBlockers(host);
  if (limit === 0 && blocker) return { cause: `user namespaces are forbidden: ${blocker.cause}`, hint: blocker.remedy };
  const low = checkNamespaceLimits(host).find(({ state }) => state !== 'ok');
  if (low) return { cause: `namespaces are used up: ${low.detail}`, ...(low.remedy ? { hint: low.remedy } : {}) };
  const known = limit === undefined ? '' : `: user.max_user_namespaces is ${limit}`;
  const higher = limit === undefined ? 15_000 : limit * 2;
  return {
    cause: `user namespaces are used up, or nested more than 32 deep${known}`,
    hint: `end sandboxes that are not needed (\`sandbox ps\`), or raise the limit: sudo sysctl user.max_user_namespaces=${higher}`,
  };
}

/** Why the kernel took the rights that a user namespace gives, or the namespace itself. */
export function forbidden(host: Probe): Explanation {
  const blockers = namespaceBlockers(host);
  if (blockers.length > 0) {
    return {
      cause: `user namespaces are restricted: ${blockers.map(({ cause }) => cause).join('; ')}`,
      hint: `${blockers.map(({ remedy }) => remedy).join('\n')}\n\`sandbox doctor\` shows everything that is needed`,
    };
  }
  return {
    cause:
      'something forbids user namespaces: a security module, or the seccomp filter of a surrounding container or service',
    hint: "`sandbox doctor` looks for it; the kernel's log may name it: sudo dmesg",
  };
}

/** newuidmap(1): what is wrong with the ids, as far as it can be seen; the program itself has said more. */
function helperFailed(host: Probe): Explanation {
  const finding = checkSubordinateIds(host).find(({ state }) => state !== 'ok');
  const cause = 'newuidmap or newgidmap refused the subordinate ids';
  if (finding) return { cause: `${cause}: ${finding.detail}`, ...(finding.remedy ? { hint: finding.remedy } : {}) };
  return {
    cause,
    hint: 'they must be set-uid root, and the ranges in /etc/subuid and /etc/subgid must be yours\n`sandbox doctor` checks them',
  };
}

export const explainNamespaces: Explain = ({ op, errno }, host) => {
  switch (errno) {
    case 'ENOSPC':
    case 'EUSERS':
      return limitReached(host);
    case 'EPERM':
    case 'EACCES':
      return forbidden(host);
    case HELPER_FAILED:
      return helperFailed(host);
    case 'EINVAL':
      return op === 'createNamespaces'
        ? {
            cause: 'the kernel is built without one of these namespaces, or an id of the map is not yours',
            hint: '`sandbox doctor` checks both',
          }
        : undefined;
    default:
      return undefined;
  }
};

export const explainJoin: Explain = ({ errno }) => {
  switch (errno) {
    case 'ESRCH':
      return { cause: 'the sandbox has ended meanwhile', hint: 'try again: it is opened anew then' };
    case 'EPERM':
      return { cause: 'the sandbox is not yours, or runs on the other side of a container', hint: 'see `sandbox ps`' };
    case 'EINVAL':
      return { cause: 'the sandbox has ended meanwhile, or has other namespaces', hint: 'try again' };
    default:
      return undefined;
  }
};

/** Operations that take the rights in the new namespaces: without them AppArmor, say, let the namespace be made empty-handed. */
export const explainRights: Explain = ({ errno }, host) =>
  errno === 'EPERM' || errno === 'EACCES' ? forbidden(host) : undefined;
