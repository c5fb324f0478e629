import { SESSION_PARTS, type SessionPart } from '../../config/config.ts';
import type { SeccompChoice } from '../../plan/spec.ts';
import type { OptionValues } from '../arguments/option.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';
import type { sandboxOptions } from '../options/sandbox-options.ts';
import { changeCapabilities, type Held, looserThan, shownBesides } from './held.ts';
import { readHostText } from './host-files.ts';
import { hasProfile, noProfile, profileOfProject, type ReadSeccomp, resolveProfile } from './profile.ts';
import type { Surroundings } from './surroundings.ts';

type Options = OptionValues<typeof sandboxOptions>;

/** Which profile counts unless `--profile` says it. */
export interface ProfileDefault {
  /** Undefined: the one that is configured for the project, else `dev`. */
  readonly profile: string | undefined;
  /** Name of the kept sandbox that was made with it. */
  readonly madeFor?: string | undefined;
  /** The user's real home. */
  readonly home: string;
}

/** How the command is held in the end, and what is to be said about it. */
export interface Holding {
  readonly held: Held;
  readonly notes: readonly string[];
}

const PART_OPTIONS: Readonly<Record<SessionPart, (options: Options) => boolean>> = {
  'ssh-agent': ({ sshAgent }) => sshAgent,
  'gpg-agent': ({ gpgAgent }) => gpgAgent,
  dbus: ({ dbus }) => dbus,
  wayland: ({ wayland }) => wayland,
  x11: ({ x11 }) => x11,
  audio: ({ audio }) => audio,
  gpu: ({ gpu }) => gpu,
};

/**
 * Gives how closely the command is held: by the profile that is asked for, that the command or the project has, and options.
 * Throws UsageError for a profile that there is not, ConfigError and SeccompError.
 */
export async function holdingOf(options: Options, wish: ProfileDefault, around: Surroundings): Promise<Holding> {
  const config = await around.config();
  const project =
    options.profile === undefined && wish.profile === undefined && config.projects.size > 0
      ? profileOfProject(config, around.currentDirectory(), wish.home)
      : undefined;
  const name = options.profile ?? wish.profile ?? project ?? 'dev';
  if (!hasProfile(config, name)) throw unknown(name);
  const { held: ofProfile, ancestors } = await resolveProfile(config, name, seccompReader('config.toml', around));
  const held = await withOptions(ofProfile, options, seccompReader('--security-opt', around));
  return { held, notes: looserNotes(name, ancestors, held) };

  function unknown(missing: string): UsageError {
    if (options.profile !== undefined || wish.madeFor === undefined) {
      return noProfile(config, `--profile: there is no profile ${quoted(missing)}`, missing);
    }
    return new UsageError(
      `the sandbox ${wish.madeFor} was made with the profile ${quoted(missing)}, which is not configured any more`,
      { hint: `put [profiles.${missing}] back into config.toml, or choose another: --profile dev, --profile strict` },
    );
  }
}

/** Says what is looser than in the built-in profile, and than in others that were extended. */
function looserNotes(name: string, line: readonly Held[], held: Held): string[] {
  const said = new Set<string>();
  return line.flatMap((base) => {
    const { profile } = base.security;
    // Who asks for a device in one's own work needs no word about it.
    const isOwnWork = profile === 'dev' && line.length === 1;
    const looser = [...looserThan(base, held), ...(isOwnWork ? [] : shownBesides(base, held))];
    const added = looser.filter((words) => !said.has(words));
    for (const words of added) said.add(words);
    if (added.length === 0) return [];
    const who = name === profile ? 'looser than the profile' : `profile ${name} is looser than`;
    return [`${who} ${profile}: ${added.join(', ')}`];
  });
}

async function withOptions(base: Held, options: Options, readSeccomp: ReadSeccomp): Promise<Held> {
  let { seccomp, foreignCalls } = base.security;
  for (const wish of options.securityOpt) {
    if (wish.kind === 'seccomp') {
      seccomp = wish.name === 'unconfined' ? { kind: 'unconfined' } : { kind: 'list', name: wish.name };
    } else if (wish.kind === 'seccompFile') seccomp = await readSeccomp(wish.unsafePath);
    else if (wish.kind === 'foreignCalls') foreignCalls = wish.value;
  }
  const { capAdd, capDrop } = options;
  const connectTcp = options.connectTcp.length > 0 ? options.connectTcp.flat() : base.security.connectTcp;
  const bindTcp = options.bindTcp.length > 0 ? options.bindTcp.flat() : base.security.bindTcp;
  const workspace = options.workspace ?? base.workspace;
  const { capabilities } = base.security;
  return {
    ...base,
    security: {
      ...base.security,
      seccomp,
      foreignCalls,
      ...(connectTcp === undefined ? {} : { connectTcp }),
      ...(bindTcp === undefined ? {} : { bindTcp }),
      capabilities: changeCapabilities(capabilities, capAdd.flat(), capDrop.flat(), '--cap-add and --cap-drop'),
    },
    network: options.network ?? base.network,
    ...(workspace === undefined ? {} : { workspace }),
    parts: new Set(SESSION_PARTS.filter((part) => base.parts.has(part) || PART_OPTIONS[part](options))),
    devices: options.device.map(({ destination }) => destination),
  };
}

function seccompReader(where: string, { environment, currentDirectory }: Surroundings): ReadSeccomp {
  return async (unsafePath): Promise<SeccompChoice> => {
    const path = unsafePath.startsWith('~/') ? `${environment.get('HOME') ?? ''}${unsafePath.slice(1)}` : unsafePath;
    const text = readHostText(where, path, currentDirectory);
    const { parseSeccompProfile } = await import('../../plan/seccomp/docker-profile.ts');
    return { kind: 'profile', path, profile: parseSeccompProfile(text, path) };
  };
}
