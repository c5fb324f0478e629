import { readAccountTable } from '../../host/account-table.ts';
import { isTerminal } from '../../linux/terminal.ts';
import type { Lifetime, RootFs, Spec, User, Volume } from '../../plan/spec.ts';
import type { OptionValues } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { parseEnvFile } from '../options/env-file.ts';
import {
  parseVariable,
  type ResolvedVariables,
  resolveVariables,
  type VariableRequest,
} from '../options/environment.ts';
import { hostnameFor } from '../options/names.ts';
import type { sandboxOptions } from '../options/sandbox-options.ts';
import { type Account, accountOf } from './account.ts';
import { defaultShell } from './default-shell.ts';
import { devicesOf } from './devices.ts';
import { isDirectory, readHostText, realHostDirectory, realHostPath, realPathIfAny } from './host-files.ts';
import { imageCommand, imageDirectory, imageUser, NO_DEFAULTS, stopSignalOf } from './image-defaults.ts';
import { limitsOf } from './limits.ts';
import type { Root } from './root.ts';
import { DEFAULT_PATH, sandboxEnvironment, searchPathInside } from './sandbox-environment.ts';
import { secretsOf } from './secrets.ts';
import { holdingOf } from './security.ts';
import type { Surroundings } from './surroundings.ts';
import { isInside, workspaceFor } from './workspace.ts';

/** What a project's environment says besides options. */
export interface ProjectPart {
  /** Absolute real path: the workspace, wherever in it the caller stands. */
  readonly directory: string;
  /** Undefined: the current directory if it lies in the project, else the project's. */
  readonly workdir?: string;
  /** An account of the image, in place of the image's own `User`; without effect where there is no image. */
  readonly user?: string;
  /** No secrets: they may be kept on the disk in a launcher. */
  readonly variables: ReadonlyArray<readonly [name: string, value: string]>;
  /** Looked up. */
  readonly volumes: readonly Volume[];
  readonly hostname: string;
}

export interface SandboxRequest {
  readonly project?: ProjectPart;
  readonly options: OptionValues<typeof sandboxOptions>;
  readonly root: Root;
  readonly lifetime: Lifetime;
  /** A shell is the user's; what is run may be the image's. */
  readonly purpose: 'run' | 'shell';
  /** Name of the profile that counts unless one is asked for; undefined: the one of the project, else `dev`. */
  readonly profile: string | undefined;
  /** Undefined or empty: the image's command, or the default shell. */
  readonly command: readonly string[] | undefined;
}

export interface BuiltSpec {
  readonly spec: Spec;
  /** Lines for the user. */
  readonly notes: readonly string[];
  /** Whether there is something in it that is not to be kept on the disk. */
  readonly isSecret: boolean;
}

function rootFsOf(root: Root, currentDirectory: () => string): RootFs {
  if (root.kind === 'host') return { kind: 'host' };
  if (root.kind === 'image') return root.rootfs;
  const path = realHostDirectory('--rootfs', root.unsafePath, currentDirectory);
  if (path !== '/') return { kind: 'directory', path };
  throw new UsageError('--rootfs: / is the host itself', { hint: 'leave --rootfs out: the host is the default' });
}

function requestedVariables(
  request: SandboxRequest,
  ofProfile: readonly string[],
  { environment, currentDirectory }: Surroundings,
): ResolvedVariables {
  const fromFiles = request.options.envFile.flatMap((unsafePath): VariableRequest[] => {
    const text = readHostText('--env-file', unsafePath, currentDirectory);
    try {
      return parseEnvFile(text);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`--env-file: ${unsafePath}: ${error.message}`, { hint: error.hint });
    }
  });
  return resolveVariables([...ofProfile.map(parseVariable), ...fromFiles, ...request.options.env], environment);
}

/** The user's own account on the host: what the session says, else passwd(5), which is only read if it is needed. */
function ownAccount({ uid, environment }: Surroundings): Account {
  const absolute = (name: string): string | undefined => {
    const path = environment.get(name);
    return path?.startsWith('/') ? path : undefined;
  };
  const name = environment.get('USER') || environment.get('LOGNAME');
  const home = absolute('HOME');
  const shell = absolute('SHELL');
  if (name && home && shell) return { name, home, shell };
  const account = accountOf({ kind: 'default' }, readAccountTable({ kind: 'host' }, 'passwd'), uid);
  return { name: name || account.name, home: home ?? account.home, shell: shell ?? account.shell };
}

/** Who the command is, and what is known of that account inside. */
function identityOf(request: SandboxRequest, rootfs: RootFs, self: Account): { user: User; account: Account } {
  const { options, root, project } = request;
  const table = (name: 'passwd' | 'group'): string =>
    readAccountTable(rootfs, name, root.kind === 'image' ? root.changes : undefined);
  if (options.user !== undefined) return { user: options.user, account: accountOf(options.user, table('passwd'), 0) };
  if (rootfs.kind === 'host') return { user: { kind: 'default' }, account: self };
  const wanted = root.kind === 'image' ? (project?.user ?? root.defaults.user) : undefined;
  if (wanted === undefined)
    return { user: { kind: 'default' }, account: accountOf({ kind: 'default' }, table('passwd'), 0) };
  const { uid, gid, name } = imageUser(wanted, table, project?.user === undefined ? 'image' : 'project');
  const wantedAccount: User = name === undefined ? { kind: 'id', uid, gid } : { kind: 'name', user: name };
  return { user: { kind: 'account', uid, gid }, account: accountOf(wantedAccount, table('passwd'), 0) };
}

function commandOf({ purpose, root, options, command }: SandboxRequest, shell: readonly string[]): readonly string[] {
  const { entrypoint } = options;
  if (purpose === 'run' && root.kind === 'image') return imageCommand(root.defaults, { entrypoint, given: command });
  const words = [...(entrypoint ?? []), ...(command ?? [])];
  return words.length === 0 ? shell : words;
}

/** Where one of the streams leads elsewhere, a pseudo-terminal would mix what comes out of it into that. */
function onTerminal(): boolean {
  return [0, 1, 2].every((stream) => isTerminal(stream));
}

/** Whoever stands in a part of the project stays there. */
function workdirIn({ directory, workdir }: ProjectPart, currentDirectory: () => string): string {
  if (workdir !== undefined) return workdir;
  const current = currentDirectory();
  return isInside(current, directory) ? current : directory;
}

/** What was only asked for by a pattern, and what an image's own user cannot do with what is shown of the session. */
function remarks({ heldBack }: ResolvedVariables, parts: ReadonlySet<string>, user: User): string[] {
  const notes: string[] = [];
  if (heldBack.length > 0) {
    notes.push(`not passed, since they look like secrets: ${heldBack.join(', ')} (-e NAME passes one)`);
  }
  if (user.kind === 'account' && parts.size > 0) {
    notes.push(`the image's user is not you outside, who may use ${[...parts].join(', ')}: --user ${user.uid} is`);
  }
  return notes;
}

/**
 * Takes a request and what surrounds it and gives the Spec: paths of the host looked up, the environment complete.
 * Reads the host's file system and the configuration, changes nothing. Throws UsageError, ConfigError, and the LinuxError of a
 * removed current directory.
 */
export async function buildSpec(request: SandboxRequest, surroundings: Surroundings): Promise<BuiltSpec> {
  const { options, lifetime, root, project } = request;
  const { environment: host, currentDirectory } = surroundings;
  const rootfs = rootFsOf(root, currentDirectory);

  const self = ownAccount(surroundings);
  const home = realPathIfAny(self.home);
  const madeFor = lifetime.kind === 'named' ? lifetime.name : undefined;
  const { held, notes } = await holdingOf(options, { profile: request.profile, madeFor, home }, surroundings);
  const { security } = held;
  const { workspace, note } =
    held.workspace === 'none'
      ? workspaceFor('none', '/', home)
      : workspaceFor(held.workspace, project?.directory ?? currentDirectory(), home);

  const { user, account } = identityOf(request, rootfs, self);
  const seen = { homes: [self.home, home], workspace: workspace.kind === 'none' ? undefined : workspace.path };
  const path = rootfs.kind === 'host' ? searchPathInside(host.get('PATH') ?? '', seen, isDirectory) : DEFAULT_PATH;

  const defaults = root.kind === 'image' ? root.defaults : NO_DEFAULTS;
  const imagePlace = request.purpose === 'run' || workspace.kind === 'none' ? imageDirectory(defaults) : undefined;
  const workdir = options.workdir ?? (project && workdirIn(project, currentDirectory)) ?? imagePlace;
  const requested = requestedVariables(request, held.env, surroundings);
  const session =
    held.parts.size > 0 ? (await import('./desktop.ts')).sessionOf(held.parts, surroundings, account.home) : undefined;
  const secrets = [...secretsOf(options.secret, surroundings), ...(session?.secrets ?? [])];
  const spec: Spec = {
    lifetime,
    rootfs,
    workspace,
    ...(workdir === undefined ? {} : { workdir }),
    user,
    environment: sandboxEnvironment({
      host,
      account,
      path,
      image: root.kind === 'image' ? defaults.env : undefined,
      session: [...(session?.variables ?? []), ...(project?.variables ?? [])],
      requested: requested.variables,
    }),
    hostname:
      options.hostname ?? project?.hostname ?? (lifetime.kind === 'named' ? hostnameFor(lifetime.name) : 'sandbox'),
    readOnly: options.readOnly,
    network: held.network,
    volumes: [
      ...(session?.volumes ?? []),
      ...(project?.volumes ?? []),
      ...options.volume.map(({ unsafeSource, destination, access }) => ({
        source: realHostPath('--volume', unsafeSource, currentDirectory),
        destination,
        access,
      })),
    ],
    tmpfs: [...(session?.tmpfs ?? []), ...options.tmpfs],
    devices: [...(session?.devices ?? []), ...devicesOf('--device', options.device)],
    secrets,
    security,
    ...limitsOf(options, held.limits),
    terminal: options.tty || (security.session === 'own' && onTerminal()) ? 'own' : 'inherited',
    stdin: true,
    ...(options.storageDriver === undefined ? {} : { storageDriver: options.storageDriver }),
    ...(defaults.stopSignal === undefined ? {} : { stopSignal: stopSignalOf(defaults.stopSignal) }),
    command: commandOf(request, defaultShell(rootfs, account.shell)),
  };
  return {
    spec,
    notes: [...(note === undefined ? [] : [note]), ...notes, ...remarks(requested, held.parts, user)],
    // Variables that were asked for may be secrets.
    isSecret: requested.variables.size > 0 || secrets.length > 0,
  };
}
