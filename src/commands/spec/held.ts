import type { ProfileLimits, SessionPart } from '../../config/config.ts';
import { CAPABILITIES, type Capability } from '../../linux/constants/capability.ts';
import { ROOT_CAPABILITIES } from '../../plan/identity.ts';
import type { SeccompChoice, Security, Spec, Workspace } from '../../plan/spec.ts';
import { UsageError } from '../arguments/usage-error.ts';

/** How closely a command is held and what it is given: by a profile, or by a profile and options. */
export interface Held {
  readonly security: Security;
  readonly network: Spec['network'];
  /** Undefined: as the current directory allows. */
  readonly workspace?: Workspace['kind'];
  /** As after `-e`. */
  readonly env: readonly string[];
  readonly limits: ProfileLimits;
  /** What of the user's session is shown. */
  readonly parts: ReadonlySet<SessionPart>;
  /** Where devices of the host are shown inside. */
  readonly devices: readonly string[];
}

type Capabilities = Security['capabilities'];

/**
 * Gives what is added and dropped after a change, as podman-run(1) has it: with all dropped, what is added is all there is.
 * Throws UsageError, which `where` begins, for a capability that is both added and dropped.
 */
export function changeCapabilities(
  { add, drop }: Capabilities,
  added: readonly Capability[],
  dropped: readonly Capability[],
  where: string,
): Capabilities {
  const isAll = (list: readonly Capability[]): boolean => CAPABILITIES.every((capability) => list.includes(capability));
  const conflict = added.find((capability) => dropped.includes(capability));
  if (conflict !== undefined && isAll(added) === isAll(dropped)) {
    throw new UsageError(`${where}: ${isAll(added) ? 'ALL' : conflict} is both added and dropped`);
  }
  const toAdd = isAll(added) ? added.filter((capability) => !dropped.includes(capability)) : added;
  const toDrop = isAll(dropped) ? dropped.filter((capability) => !added.includes(capability)) : dropped;
  return {
    add: [...new Set([...add, ...toAdd])].filter((capability) => !toDrop.includes(capability)),
    drop: [...new Set([...drop, ...toDrop])].filter((capability) => !toAdd.includes(capability)),
  };
}

function effective({ add, drop }: Capabilities): Capability[] {
  return CAPABILITIES.filter((one) => (ROOT_CAPABILITIES.includes(one) || add.includes(one)) && !drop.includes(one));
}

const CLOSENESS = { unconfined: 0, profile: 1, dev: 2, strict: 3 } as const;

function closeness(choice: SeccompChoice): number {
  return CLOSENESS[choice.kind === 'list' ? choice.name : choice.kind];
}

function describeSeccomp(choice: SeccompChoice): string {
  if (choice.kind === 'list') return `seccomp ${choice.name}`;
  return choice.kind === 'unconfined' ? 'seccomp unconfined' : `seccomp ${choice.path}`;
}

/** Whether ports that are allowed now were not before. */
function opensPorts(before: readonly number[] | undefined, now: readonly number[] | undefined): boolean {
  if (before === undefined) return false;
  return now === undefined || now.some((port) => !before.includes(port));
}

const MOST_NAMED = 4;

/** Gives in words what is shown of the host's session and devices that was not before. */
export function shownBesides(base: Held, held: Held): string[] {
  return [...[...held.parts].filter((part) => !base.parts.has(part)), ...held.devices.map((path) => `device ${path}`)];
}

/** Gives in words in what one way of holding a command is looser than another: nothing where it is as close or closer. */
export function looserThan(base: Held, held: Held): string[] {
  const [before, now] = [base.security, held.security];
  const had = effective(before.capabilities);
  const gained = effective(now.capabilities).filter((capability) => !had.includes(capability));
  const more = gained.length > MOST_NAMED ? [`${gained.length - MOST_NAMED} more capabilities`] : [];
  const looser: ReadonlyArray<readonly [boolean, string]> = [
    [base.network === 'none' && held.network === 'host', 'network host'],
    [closeness(now.seccomp) < closeness(before.seccomp), describeSeccomp(now.seccomp)],
    [before.foreignCalls === 'refused' && now.foreignCalls === 'allowed', '32-bit programs'],
    [before.landlock && !now.landlock, 'no Landlock'],
    [opensPorts(before.connectTcp, now.connectTcp), 'more ports to connect to'],
    [opensPorts(before.bindTcp, now.bindTcp), 'more ports to listen on'],
    [before.userNamespaces === 'refused' && now.userNamespaces === 'allowed', 'user namespaces'],
    [before.session === 'own' && now.session === 'shared', 'the session of your terminal'],
  ];
  return [...looser.flatMap(([isLooser, words]) => (isLooser ? [words] : [])), ...gained.slice(0, MOST_NAMED), ...more];
}
