import type { HostFacts } from '../host/facts.ts';
import type { IdMapEntry, IdMapping } from '../launch/operations.ts';
import { CAPABILITIES, type Capability } from '../linux/constants/capability.ts';
import type { IdRange } from '../linux/subid.ts';
import type { PlanInput } from './input.ts';

/** What podman grants by default: containers-common's `default_capabilities`, containers.conf(5). */
export const ROOT_CAPABILITIES: readonly Capability[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** How ids are shown in a sandbox, and what its command may do. */
export interface Identity {
  readonly mapping: IdMapping;
  /** The user as another id, in a namespace inside. */
  readonly nested?: { readonly uid: IdMapEntry; readonly gid: IdMapEntry };
  /** The id that the command takes on within the mapping. */
  readonly account?: { readonly uid: number; readonly gid: number };
  readonly capabilities: readonly Capability[];
  /** Changing owners has no effect and must seem to have one. */
  readonly emulateRoot: boolean;
  /** Whether the group `tty` (5), which terminals belong to, exists inside. */
  readonly hasTtyGroup: boolean;
}

const one = (inside: number, outside: number): IdMapEntry => ({ inside, outside, count: 1 });

/** Container root is the user, 1 and up are the subordinate ids, in order. */
function withSubordinates(own: number, ranges: readonly IdRange[]): IdMapEntry[] {
  const entries = [one(0, own)];
  let inside = 1;
  for (const { start, count } of ranges) {
    entries.push({ inside, outside: start, count });
    inside += count;
  }
  return entries;
}

/** The one mapping that all layers and sandboxes share; without subordinate ids it shrinks to the one id. */
export function rootMapping({ ids, uid, gid }: HostFacts): IdMapping {
  if (ids.kind === 'single') return { kind: 'single', uid: one(0, uid), gid: one(0, gid) };
  const { newuidmap, newgidmap } = ids;
  return {
    kind: 'helpers',
    newuidmap,
    newgidmap,
    uids: withSubordinates(uid, ids.uids),
    gids: withSubordinates(gid, ids.gids),
  };
}

/** podman-run(1), --cap-drop: who drops ALL and adds some has just those; else what is dropped is not there. */
function granted(usual: readonly Capability[], add: readonly Capability[], drop: readonly Capability[]): Capability[] {
  const dropped = new Set(drop);
  if (CAPABILITIES.every((name) => dropped.has(name))) return [...new Set(add)];
  return [...new Set([...usual, ...add])].filter((name) => !dropped.has(name));
}

/**
 * Gives the identity that a plan's input asks for. On `host` every id but root is simply the user under that number,
 * which takes no privileged helper; elsewhere it is a namespace inside the one mapping.
 */
export function identityFor({ facts, root, user, spec }: PlanInput): Identity {
  const { add, drop } = spec.security.capabilities;
  const rootCapabilities = granted(ROOT_CAPABILITIES, add, drop);
  // podman-run(1), --cap-add: another user has none but those that are asked for.
  const capabilities = granted([], add, drop);
  if (root.kind === 'host' && user.uid !== 0) {
    const mapping: IdMapping = { kind: 'single', uid: one(user.uid, facts.uid), gid: one(user.gid, facts.gid) };
    return { mapping, capabilities, emulateRoot: false, hasTtyGroup: user.gid === 5 };
  }
  const mapping = rootMapping(facts);
  const has = (ids: readonly IdMapEntry[], id: number): boolean =>
    ids.some(({ inside, count }) => inside <= id && id < inside + count);
  const hasTtyGroup = mapping.kind === 'helpers' && has(mapping.gids, 5);
  const emulateRoot = mapping.kind === 'single' && user.uid === 0;
  if (user.uid === 0) return { mapping, capabilities: rootCapabilities, emulateRoot, hasTtyGroup };
  // An image's own user has files there, which only that id may write.
  if (user.isAccount && mapping.kind === 'helpers' && has(mapping.uids, user.uid) && has(mapping.gids, user.gid)) {
    return { mapping, account: { uid: user.uid, gid: user.gid }, capabilities, emulateRoot, hasTtyGroup };
  }
  return {
    mapping,
    nested: { uid: one(user.uid, 0), gid: one(user.gid, 0) },
    capabilities,
    emulateRoot,
    hasTtyGroup,
  };
}
