import { readAccountTable } from '../../host/account-table.ts';
import type { Lifetime, RootFs, Spec } from '../../plan/spec.ts';
import type { OptionValues } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { parseEnvFile } from '../options/env-file.ts';
import { resolveVariables, type VariableRequest } from '../options/environment.ts';
import { hostnameFor } from '../options/names.ts';
import type { sandboxOptions } from '../options/sandbox-options.ts';
import { type Account, accountOf } from './account.ts';
import { defaultShell } from './default-shell.ts';
import { isDirectory, readHostText, realHostDirectory, realHostPath, realPathIfAny } from './host-files.ts';
import { DEFAULT_PATH, sandboxEnvironment, searchPathInside } from './sandbox-environment.ts';
import type { Surroundings } from './surroundings.ts';
import { workspaceFor } from './workspace.ts';

/** Without `--network`: as with podman, programs find the network they know. */
const DEFAULT_NETWORK = 'host';

export interface SandboxRequest {
  readonly options: OptionValues<typeof sandboxOptions>;
  readonly lifetime: Lifetime;
  /** Undefined or empty: the default shell. */
  readonly command: readonly string[] | undefined;
}

export interface BuiltSpec {
  readonly spec: Spec;
  /** Lines for the user. */
  readonly notes: readonly string[];
}

function rootFsOf(unsafeDirectory: string | undefined, currentDirectory: () => string): RootFs {
  if (unsafeDirectory === undefined) return { kind: 'host' };
  const path = realHostDirectory('--rootfs', unsafeDirectory, currentDirectory);
  if (path !== '/') return { kind: 'directory', path };
  throw new UsageError('--rootfs: / is the host itself', { hint: 'leave --rootfs out: the host is the default' });
}

function requestedVariables(
  request: SandboxRequest,
  { environment, currentDirectory }: Surroundings,
): Map<string, string> {
  const fromFiles = request.options.envFile.flatMap((unsafePath): VariableRequest[] => {
    const text = readHostText('--env-file', unsafePath, currentDirectory);
    try {
      return parseEnvFile(text);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`--env-file: ${unsafePath}: ${error.message}`, { hint: error.hint });
    }
  });
  return resolveVariables([...fromFiles, ...request.options.env], environment);
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
  const account = accountOf({ kind: 'default' }, readAccountTable('/', 'passwd'), uid);
  return { name: name || account.name, home: home ?? account.home, shell: shell ?? account.shell };
}

/**
 * Takes a request and what surrounds it and gives the Spec: paths of the host looked up, the environment complete.
 * Reads the host's file system, changes nothing. Throws UsageError, and the LinuxError of a removed current directory.
 */
export function buildSpec(request: SandboxRequest, surroundings: Surroundings): BuiltSpec {
  const { options, lifetime } = request;
  const { environment: host, currentDirectory } = surroundings;
  const rootfs = rootFsOf(options.rootfs, currentDirectory);

  const self = ownAccount(surroundings);
  const home = realPathIfAny(self.home);
  const { workspace, note } =
    options.workspace === 'none'
      ? workspaceFor('none', '/', home)
      : workspaceFor(options.workspace, currentDirectory(), home);

  const isSelf = rootfs.kind === 'host' && options.user === undefined;
  const user = options.user ?? { kind: 'default' };
  const account = isSelf
    ? self
    : accountOf(user, readAccountTable(rootfs.kind === 'host' ? '/' : rootfs.path, 'passwd'), 0);
  const seen = { homes: [self.home, home], workspace: workspace.kind === 'none' ? undefined : workspace.path };
  const path = rootfs.kind === 'host' ? searchPathInside(host.get('PATH') ?? '', seen, isDirectory) : DEFAULT_PATH;

  const command = request.command?.length ? request.command : defaultShell(rootfs, account.shell);
  const spec: Spec = {
    lifetime,
    rootfs,
    workspace,
    ...(options.workdir === undefined ? {} : { workdir: options.workdir }),
    user,
    environment: sandboxEnvironment({ host, account, path, requested: requestedVariables(request, surroundings) }),
    hostname: options.hostname ?? (lifetime.kind === 'named' ? hostnameFor(lifetime.name) : 'sandbox'),
    readOnly: options.readOnly,
    network: options.network ?? DEFAULT_NETWORK,
    volumes: options.volume.map(({ unsafeSource, destination, access }) => ({
      source: realHostPath('--volume', unsafeSource, currentDirectory),
      destination,
      access,
    })),
    tmpfs: options.tmpfs,
    terminal: options.tty ? 'own' : 'inherited',
    stdin: true,
    command,
  };
  return { spec, notes: note === undefined ? [] : [note] };
}
