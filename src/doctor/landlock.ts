import { LANDLOCK_NETWORK } from '../linux/constants/landlock.ts';
import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

/** What each version of Landlock lacks, as far as a sandbox would use it, and the Linux that has it; landlock(7). */
const LATER = [
  { abi: 2, linux: '5.19', what: 'moving files between directories' },
  { abi: 3, linux: '6.2', what: 'truncating' },
  { abi: LANDLOCK_NETWORK.abi, linux: LANDLOCK_NETWORK.linux, what: 'TCP ports' },
  { abi: 5, linux: '6.10', what: 'requests to devices' },
  { abi: 6, linux: '6.12', what: 'signals and abstract sockets' },
] as const;

/** Which version of Landlock there is: what --profile strict holds commands by, and --connect-tcp and --bind-tcp need. */
export async function checkLandlock(probe: Probe): Promise<Finding[]> {
  const common = { id: 'landlock', title: 'Landlock' };
  if (probe.landlockVersion === undefined) return [];
  let version: number | undefined;
  try {
    version = await probe.landlockVersion();
  } catch (error) {
    return [
      { ...common, state: 'info', detail: `it cannot be asked for: ${error instanceof Error ? error.message : error}` },
    ];
  }
  if (version === undefined) {
    return [
      {
        ...common,
        state: 'warning',
        detail: 'the kernel has none: --profile strict goes on without, --connect-tcp and --bind-tcp do not work',
        remedy:
          'add landlock to the lsm= list on the kernel command line (see /sys/kernel/security/lsm), or use Linux 5.13 or later',
      },
    ];
  }
  const missing = LATER.filter(({ abi }) => version < abi);
  const lacks = missing.map(({ what, linux }) => `${what} (Linux ${linux})`).join(', ');
  return [
    { ...common, state: 'ok', detail: `version ${version}${lacks === '' ? '' : `, without rules for ${lacks}`}` },
  ];
}
