import type { SetupOp } from '../launch/operations.ts';
import type { Identity } from './identity.ts';
import type { PlanInput } from './input.ts';
import { landlockRules } from './landlock.ts';
import { systemCallFilter } from './seccomp/filter.ts';

/** What init gives up for the whole sandbox, while it still may. */
export function planSandboxRestrictions({ spec }: PlanInput, { nested }: Identity): SetupOp[] {
  // The user as another id is a user namespace itself, and so is that of everybody who joins.
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
  if (security.landlock) operations.push({ op: 'landlock', rules: landlockRules(security) });
  const guardTerminal = spec.terminal === 'inherited';
  const { emulateRoot } = identity;
  const purposes = [
    'no keyrings',
    ...(guardTerminal ? ['no typing into the shared terminal'] : []),
    ...(emulateRoot ? ['root with one id'] : []),
  ];
  operations.push({
    op: 'seccomp',
    purpose: purposes.join(', '),
    filter: systemCallFilter(facts.arch, { guardTerminal, emulateRoot }),
  });
  return operations;
}
