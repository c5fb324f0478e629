import { checkAppArmor } from './apparmor.ts';
import { checkCgroup } from './cgroup.ts';
import { checkContainer } from './container.ts';
import { checkFuse, checkTun } from './devices.ts';
import type { Check, Finding } from './finding.ts';
import { checkKernel } from './kernel.ts';
import { checkLandlock } from './landlock.ts';
import { checkMemory } from './memory.ts';
import { checkNamespaceLimits } from './namespace-limits.ts';
import { checkOverlay } from './overlay.ts';
import type { Probe } from './probe.ts';
import { checkRuntimeDirectory } from './runtime-directory.ts';
import { checkSelinux } from './selinux.ts';
import { checkStore } from './store.ts';
import { checkSubordinateIds } from './subordinate-ids.ts';
import { checkTerminal } from './terminal.ts';
import { checkUserNamespaces } from './user-namespaces.ts';

/** From what a sandbox cannot do without to what is good to know. */
const CHECKS: readonly Check[] = [
  checkKernel,
  checkUserNamespaces,
  checkAppArmor,
  checkSelinux,
  checkNamespaceLimits,
  checkContainer,
  checkSubordinateIds,
  checkOverlay,
  checkStore,
  checkCgroup,
  checkFuse,
  checkTun,
  checkMemory,
  checkRuntimeDirectory,
  checkTerminal,
  checkLandlock,
];

/** Looks the host over and gives what was found, in a fixed order. Changes nothing but what the probe's tries do. */
export async function diagnose(probe: Probe): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) findings.push(...(await check(probe)));
  return findings;
}
