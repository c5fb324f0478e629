import { lstatSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import type { Environment, Project } from '../model.ts';
import { realPathSoFar } from './real-path.ts';

/** What these tell is no secret, and what they set is only how text is shown. */
const HARMLESS_VARIABLES = ['TERM', 'COLORTERM', 'LANG', 'LC_*', 'TZ', 'NO_COLOR', 'FORCE_COLOR', 'CI'];
/** Those that nobody has to have made: config.toml's own may show anything. */
const KNOWN_PROFILES = ['dev', 'strict'];

/** A directory or file of the host that is shown inside. */
export interface ShownPath {
  /** Real path. */
  readonly source: string;
  readonly destination: string;
  readonly access: 'rw' | 'ro';
}

/**
 * Gives what an environment asks for that code of strangers is not given: a sentence each, which says what it would get.
 * Paths are real ones: a volume in the project that is a symbolic link to elsewhere is one outside.
 */
export function demandsOf(project: Project, environment: Environment, home: string): readonly string[] {
  const { directory } = project;
  const outside = environment.volumes
    .map(({ unsafeSource, destination, access }): ShownPath => {
      const source = realPathSoFar(absoluteSource(unsafeSource, { directory, home }));
      return { source, destination, access };
    })
    .filter(({ source }) => isOutside(source, directory));
  const variables = environment.passEnv.filter((name) => !HARMLESS_VARIABLES.includes(name));
  const { profile } = environment;
  return [
    ...demandsOfDirectory(directory),
    ...outside.map(demandOfPath),
    ...variables.map((name) => `your variable ${word(name)}`),
    ...environment.secrets.map((secret) => `the secret ${word(secret)}`),
    ...environment.session.map((part) => `${word(part)} of your session`),
    ...environment.devices.map((device) => `the device ${word(device)}`),
    ...(profile === undefined || KNOWN_PROFILES.includes(profile) ? [] : [`your own profile ${word(profile)}`]),
  ];
}

/** Takes a volume's source as written and gives the absolute path, not looked up yet. */
export function absoluteSource(
  unsafeSource: string,
  { directory, home }: { readonly directory: string; readonly home: string },
): string {
  if (unsafeSource === '~') return home;
  if (unsafeSource.startsWith('~/')) return `${home}${unsafeSource.slice(1)}`;
  return unsafeSource.startsWith('/') ? unsafeSource : `${directory}/${unsafeSource}`;
}

/** Whether a real path lies neither in the project nor is its directory. */
export function isOutside(path: string, directory: string): boolean {
  return path !== directory && !path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** Gives the sentence for a path outside of the project: the same one for the same path, or trust does not cover it. */
export function demandOfPath({ source, destination, access }: ShownPath): string {
  const how = access === 'rw' ? 'to read and to change' : 'to read';
  return `${word(source)} of this machine, as ${word(destination)}, ${how}`;
}

/** Who can write to a project's directory can change what it asks for at any time. */
function demandsOfDirectory(directory: string): string[] {
  const about = lstatSync(fsPath(directory), { throwIfNoEntry: false });
  if (about === undefined) return [];
  const uid = process.getuid?.() ?? 0;
  if (about.uid !== uid && about.uid !== 0) {
    return [`to be started although its directory ${word(directory)} belongs to another user (${about.uid})`];
  }
  const isEverybodys = (about.mode & 0o002) !== 0;
  return isEverybodys ? [`to be started although everybody can write to its directory ${word(directory)}`] : [];
}

/** What others wrote, in quotes where it could be taken for words of ours. */
function word(unsafeText: string): string {
  return /^[A-Za-z0-9_.,:=@%+*/~-]+$/.test(unsafeText) ? unsafeText : JSON.stringify(unsafeText);
}
