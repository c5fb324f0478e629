import type { Config, ProfileSettings } from '../../config/config.ts';
import { BUILT_IN_PROFILES } from '../../config/config.ts';
import { didYouMean } from '../../config/did-you-mean.ts';
import { type BuiltInProfile, NETWORK_BY_PROFILE, PROFILES } from '../../plan/profiles.ts';
import type { SeccompChoice } from '../../plan/spec.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';
import { changeCapabilities, type Held } from './held.ts';
import { realPathIfAny } from './host-files.ts';
import { isInside } from './workspace.ts';

/** A profile, and those that it extends: the built-in one first, itself last. */
export interface ResolvedProfile {
  readonly held: Held;
  readonly ancestors: readonly Held[];
}

/** Reads a seccomp profile from a path as it was written. */
export type ReadSeccomp = (unsafePath: string) => Promise<SeccompChoice>;

function isBuiltIn(name: string): name is BuiltInProfile {
  return (BUILT_IN_PROFILES as readonly string[]).includes(name);
}

/** Whether there is a profile of that name. */
export function hasProfile(config: Config, name: string): boolean {
  return isBuiltIn(name) || config.profiles.has(name);
}

/** The error for a profile that there is not. */
export function noProfile(config: Config, message: string, name: string): UsageError {
  const names = [...new Set([...BUILT_IN_PROFILES, ...config.profiles.keys()])];
  const nearest = didYouMean(name, names);
  return new UsageError(message, { hint: nearest ? `did you mean ${nearest}?` : `there are: ${names.join(', ')}` });
}

/** Gives the profile that the configuration has for the deepest directory that holds this one; undefined: none. */
export function profileOfProject(config: Config, currentDirectory: string, home: string): string | undefined {
  let found: { readonly path: string; readonly profile: string } | undefined;
  for (const [unsafePath, profile] of config.projects) {
    const path = realPathIfAny(unsafePath.startsWith('~') ? `${home}${unsafePath.slice(1)}` : unsafePath);
    if (!isInside(currentDirectory, path)) continue;
    if (found === undefined || path.length > found.path.length) found = { path, profile };
  }
  return found?.profile;
}

/** Gives what a profile that exists decides. Throws the errors of `readSeccomp`. */
export async function resolveProfile(config: Config, name: string, readSeccomp: ReadSeccomp): Promise<ResolvedProfile> {
  const chain: Array<readonly [name: string, settings: ProfileSettings]> = [];
  let first = name;
  for (let settings = config.profiles.get(first); settings !== undefined; settings = config.profiles.get(first)) {
    chain.unshift([first, settings]);
    if (settings.parent === first) break;
    first = settings.parent;
  }
  // A configuration has no others: config/profiles.ts.
  if (!isBuiltIn(first)) throw new UsageError(`there is no profile ${quoted(first)}`);
  let held: Held = {
    security: PROFILES[first],
    network: NETWORK_BY_PROFILE[first],
    env: [],
    limits: {},
    parts: new Set(),
    devices: [],
  };
  const ancestors = [held];
  for (const [own, settings] of chain) {
    held = await extended(held, own, settings, readSeccomp);
    ancestors.push(held);
  }
  return { held, ancestors };
}

async function extended(base: Held, name: string, settings: ProfileSettings, readSeccomp: ReadSeccomp): Promise<Held> {
  const { security } = base;
  const { seccomp, workspace = base.workspace } = settings;
  const connectTcp = settings.connectTcp ?? security.connectTcp;
  const bindTcp = settings.bindTcp ?? security.bindTcp;
  const parts = new Set(base.parts);
  for (const [part, isShown] of settings.parts) {
    if (isShown) parts.add(part);
    else parts.delete(part);
  }
  return {
    security: {
      profile: name,
      seccomp:
        seccomp === undefined ? security.seccomp : seccomp.kind === 'file' ? await readSeccomp(seccomp.path) : seccomp,
      foreignCalls: settings.foreignCalls ?? security.foreignCalls,
      landlock: settings.landlock ?? security.landlock,
      ...(connectTcp === undefined ? {} : { connectTcp }),
      ...(bindTcp === undefined ? {} : { bindTcp }),
      userNamespaces: settings.userNamespaces ?? security.userNamespaces,
      session: settings.session ?? security.session,
      capabilities: changeCapabilities(security.capabilities, settings.capAdd, settings.capDrop, `profile ${name}`),
    },
    network: settings.network ?? base.network,
    ...(workspace === undefined ? {} : { workspace }),
    env: [...base.env, ...settings.env],
    limits: { ...base.limits, ...settings.limits },
    parts,
    devices: base.devices,
  };
}
