import type { SetupOp } from '../launch/operations.ts';
import { withAudit } from './audit.ts';
import type { Identity } from './identity.ts';
import type { PlanInput } from './input.ts';
import { planLandlock } from './landlock.ts';
import { type FilterRules, systemCallFilter } from './seccomp/filter.ts';
import type { SeccompChoice, Spec } from './spec.ts';

/** What init gives up for the whole sandbox, while it still may. */
export function planSandboxRestrictions({ spec }: PlanInput, { nested }: Identity): SetupOp[] {
  // The user as another id is a user namespace itself, and so is that of everybody who joins: it forbids them for itself.
  if (spec.security.userNamespaces === 'allowed' || nested !== undefined) return [];
  return [{ op: 'forbidUserNamespaces' }];
}

/** What the command's process gives up for good, but for its capabilities: they come last. */
export function planCommandRestrictions({ spec, facts }: PlanInput, identity: Identity): SetupOp[] {
  const { security, resourceLimits } = spec;
  const operations: SetupOp[] = [];
  if (resourceLimits.length > 0) operations.push({ op: 'resourceLimits', limits: resourceLimits });
  operations.push({ op: 'noNewPrivileges' });
  // Nothing that root executes gets capabilities by its id: only where there are none to hand on.
  if (security.session === 'own' && identity.capabilities.length === 0) operations.push({ op: 'lockSecureBits' });
  operations.push(...planLandlock(spec, facts.arch));
  const rules = filterRules(spec, identity);
  operations.push({ op: 'seccomp', purpose: describeRules(rules), filter: systemCallFilter(facts.arch, rules) });
  return withAudit(operations, spec, facts.arch);
}

/** What the command's filter is made from. */
function filterRules({ security, terminal }: Spec, { capabilities, emulateRoot }: Identity): FilterRules {
  // In a user namespace that it makes inside, a command has all capabilities. Browsers shut themselves in with chroot(2)
  // there, and podman's list lets everybody who is not root inside do it, too.
  const chroot = security.userNamespaces === 'allowed' && !security.capabilities.drop.includes('CAP_SYS_CHROOT');
  return {
    choice: security.seccomp,
    foreignCalls: security.foreignCalls,
    capabilities: chroot ? [...capabilities, 'CAP_SYS_CHROOT'] : capabilities,
    guardTerminal: terminal === 'inherited',
    emulateRoot,
  };
}

/** Says in words what a filter is for. */
function describeRules({ choice, foreignCalls, guardTerminal, emulateRoot }: FilterRules): string {
  return [
    describeChoice(choice),
    'no keyrings',
    ...(foreignCalls === 'refused' ? ['no 32-bit programs'] : []),
    ...(guardTerminal ? ['no typing into the shared terminal'] : []),
    ...(emulateRoot ? ['root with one id'] : []),
  ].join(', ');
}

function describeChoice(choice: SeccompChoice): string {
  switch (choice.kind) {
    case 'list':
      return `the calls of '${choice.name}'`;
    case 'profile':
      return `the calls of ${choice.path}`;
    case 'unconfined':
      return 'all calls';
  }
}
