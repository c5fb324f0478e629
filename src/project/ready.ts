import type { Volume } from '../plan/spec.ts';
import { projectId } from '../store/projects.ts';
import type { CacheParts } from './build/caches.ts';
import type { Environment, Project } from './model.ts';
import type { ReadyEnvironment } from './record.ts';
import { absoluteSource } from './trust/trust.ts';

/** What has been looked up for an environment. */
export interface Found {
  readonly root: ReadyEnvironment['root'];
  /** Sources are real paths. */
  readonly volumes: readonly Volume[];
  readonly caches: CacheParts;
  /** The user's own directory, which `~/` stands for. */
  readonly home: string;
}

/** Characters that may stand in a sandbox's name: commands/options/names.ts. */
function asName(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'project';
}

/** Gives the name of the kept sandbox in which the services of an environment run. */
export function sandboxOf(project: Pick<Project, 'directory' | 'name'>, environment: string): string {
  const place = projectId(project.directory).slice(0, 8);
  return asName(`${project.name.slice(0, 24)}-${place}${environment === 'default' ? '' : `-${environment}`}`);
}

/** Gives what it takes to start something in an environment. */
export function readyEnvironment(project: Project, environment: Environment, found: Found): ReadyEnvironment {
  const { directory, name } = project;
  const { workdir, user } = environment;
  // A name is an account of the image, as the image's own `User`; a number is the caller under that one, as after --user.
  const account = found.root.kind === 'image' && user !== undefined && !/^\d/.test(user) ? user : undefined;
  const ready = {
    directory,
    project: name,
    environment: environment.name,
    root: found.root,
    words: wordsOf({ directory, home: found.home }, environment, account === undefined ? user : undefined),
    variables: [...found.caches.variables, ...environment.variables],
    volumes: [...found.caches.volumes, ...found.volumes],
    ...(workdir === undefined ? {} : { workdir }),
    ...(account === undefined ? {} : { user: account }),
    sandbox: sandboxOf(project, environment.name),
    shims: environment.shims,
    shimRefresh: project.shimRefresh,
  };
  const { createHash } = process.getBuiltinModule('node:crypto');
  return { ...ready, digest: createHash('sha256').update(JSON.stringify(ready)).digest('hex') };
}

interface Bases {
  readonly directory: string;
  readonly home: string;
}

function wordsOf(bases: Bases, environment: Environment, user: string | undefined): string[] {
  const one = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`--${name}=${value}`];
  const each = (name: string, values: readonly string[]): string[] => values.flatMap((value) => one(name, value));
  return [
    ...one('user', user),
    ...one('workspace', environment.workspace),
    ...one('network', environment.network),
    ...one('profile', environment.profile),
    ...each('env', environment.passEnv),
    ...each('tmpfs', environment.tmpfs),
    ...each(
      'secret',
      environment.secrets.map((secret) => withSource(bases, secret)),
    ),
    ...each('device', environment.devices),
    ...environment.limits.flatMap(([name, value]) => one(name, value)),
    ...environment.session.map((part) => `--${part}`),
  ];
}

/** A secret's file is the project's one, wherever in it, or outside of it, the caller stands. */
function withSource(bases: Bases, secret: string): string {
  const [, name, source] = /^([^=]*)=(?!env:)(.*)$/s.exec(secret) ?? [];
  if (name === undefined || source === undefined) return secret;
  return `${name}=${process.getBuiltinModule('node:path').posix.normalize(absoluteSource(source, bases))}`;
}
