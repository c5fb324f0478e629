import { LANDLOCK_NETWORK } from '../linux/constants/landlock.ts';
import type { Explain } from './explanation.ts';

/** landlock_create_ruleset(2), landlock_restrict_self(2); EOPNOTSUPP also where rules for ports are more than it has. */
export const explainLandlock: Explain = ({ errno }) => {
  switch (errno) {
    case 'EOPNOTSUPP':
    case 'EAFNOSUPPORT':
      return {
        cause: `the kernel's Landlock has no rules for TCP ports, or is not enabled: Linux ${LANDLOCK_NETWORK.linux} or later is needed`,
        hint: 'leave --connect-tcp and --bind-tcp out, or forbid the network as a whole: --network none\n`sandbox doctor` shows what this kernel has',
      };
    case 'E2BIG':
      return {
        cause: 'the surroundings are restricted by Landlock 16 times already',
        hint: 'start it further outside',
      };
    default:
      return undefined;
  }
};
