import { type BuiltInProfile, PROFILES } from '../../plan/profiles.ts';
import type { Security } from '../../plan/spec.ts';
import type { OptionValues } from '../arguments/option.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';
import type { sandboxOptions } from '../options/sandbox-options.ts';

/** Gives how closely the command is held: the profile that is asked for, or the one that the command has by itself. */
export function securityOf(options: OptionValues<typeof sandboxOptions>, otherwise: string): Security {
  const name = options.profile ?? otherwise;
  if (Object.hasOwn(PROFILES, name)) return PROFILES[name as BuiltInProfile];
  throw new UsageError(`--profile: there is no profile ${quoted(name)}`);
}
