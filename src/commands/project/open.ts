import { currentDirectory } from '../../linux/proc-self.ts';
import { ProjectError } from '../../project/error.ts';
import { findProject } from '../../project/find.ts';
import type { ReadyEnvironment } from '../../project/record.ts';
import { shelf } from '../../store/layout.ts';
import { runningInit } from '../../store/sandbox-directory.ts';
import { note } from '../../ui/output.ts';
import type { OptionTable, OptionValues } from '../arguments/option.ts';
import { parseArguments } from '../arguments/parse-arguments.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { sandboxOptions } from '../options/sandbox-options.ts';
import type { ProjectPart, SandboxRequest } from '../spec/build-spec.ts';
import { HOST_IMAGE } from '../spec/image-operand.ts';
import { ownStore } from '../spec/own-store.ts';
import { heldSecret } from './held-secret.ts';
import { outlineOf } from './list/outline-here.ts';
import { prepare } from './prepare.ts';

type Options = OptionValues<typeof sandboxOptions>;

/** What was typed of an environment. */
export interface EnvironmentWishes {
  readonly options: {
    readonly frozen: boolean;
    readonly quiet: boolean;
    readonly rootfs: string | undefined;
    readonly platform: string | undefined;
    readonly pull: string | undefined;
  };
  /** The first is the name of an environment, or something else; without one the default environment is meant. */
  readonly operands: readonly string[];
  readonly atStep?: number | undefined;
}

/**
 * Gives the environment of the project here that is meant, ready to start; undefined where none is: outside of projects, and
 * where `host`, `--rootfs` or the name of something else was typed. Throws a ProjectError, and what building throws.
 */
export async function environmentHere(wishes: EnvironmentWishes): Promise<ReadyEnvironment | undefined> {
  const { frozen, quiet, rootfs, platform, pull } = wishes.options;
  const { atStep: until, operands } = wishes;
  const [operand] = operands;
  if (rootfs !== undefined || operand === HOST_IMAGE) return undefined;
  const directory = findProject(currentDirectory());
  if (directory === undefined) return undefined;
  try {
    if (operand !== undefined && !(await isEnvironment(directory, operand))) return undefined;
    const environment = operand ?? 'default';
    const wished = { directory, environment, frozen: frozen ? true : undefined, quiet };
    const ready = await prepare(until === undefined ? wished : { ...wished, until });
    if (platform ?? pull)
      note('sandbox.toml and sandbox.lock say which image it is: --platform and --pull have no effect');
    return ready;
  } catch (error) {
    throw withWayAround(error);
  }
}

/** Whoever wants nothing of a project is not to be stopped by its faults. */
function withWayAround(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || (error.code !== 'INVALID' && error.code !== 'CYCLE'))
    return error;
  const own = 'hint' in error && typeof error.hint === 'string' ? `${error.hint}\n` : '';
  const hint = `${own}without the project: sandbox run host -- COMMAND, sandbox shell host`;
  return new ProjectError(error.code, error.message, { hint, cause: error.cause });
}

/**
 * Takes a failure of an image that was meant by a word after `run` or `shell` in a project: whoever typed it may have meant an
 * environment, or a command.
 */
export async function withProjectHint(
  error: unknown,
  operand: string | undefined,
  after: 'run' | 'shell',
): Promise<unknown> {
  if (!(error instanceof Error) || error.name !== 'ImageError' || operand === undefined || !NAME.test(operand))
    return error;
  const directory = findProject(currentDirectory());
  if (directory === undefined) return error;
  const { didYouMean } = await import('../../config/did-you-mean.ts');
  const nearest = didYouMean(operand, (await outlineOf(directory)).environments);
  const own = 'hint' in error && typeof error.hint === 'string' ? [error.hint] : [];
  const meant = nearest === undefined ? [] : [`did you mean the environment ${nearest}? sandbox ${after} ${nearest}`];
  const command = `${operand} is no environment of the project; a command stands after --: sandbox run -- ${operand}`;
  const hint = [...meant, ...own, ...(after === 'run' ? [command] : [])].join('\n');
  return new ProjectError('UNKNOWN', error.message, { hint, cause: error.cause });
}

/** A name of an environment: what else an image's may have, a `/` or a `:`, tells them apart without a look at the file. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

async function isEnvironment(directory: string, operand: string): Promise<boolean> {
  if (operand === 'default') return true;
  if (!NAME.test(operand)) return false;
  return (await outlineOf(directory)).environments.includes(operand);
}

/** Takes the options that were typed and gives them with those of the environment, which they win over; lists add up. */
export function withEnvironmentOptions(
  ready: Pick<ReadyEnvironment, 'directory' | 'environment' | 'words' | 'volumes'>,
  typed: Options,
): Options {
  const options = optionsOf(ready);
  const merged: Record<string, unknown> = { ...typed };
  for (const [key, option] of Object.entries(sandboxOptions as OptionTable)) {
    const [own, given] = [Reflect.get(options, key), Reflect.get(typed, key)];
    if (option.kind === 'list') merged[key] = [...own, ...given];
    else if (option.kind === 'flag') merged[key] = own || given;
    else merged[key] = given ?? own;
  }
  // Every key has what its option's kind calls for, as in both of them.
  return merged as unknown as Options;
}

function optionsOf({
  directory,
  environment,
  words,
  volumes,
}: Pick<ReadyEnvironment, 'directory' | 'environment' | 'words' | 'volumes'>): Options {
  try {
    const { options } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, words);
    const shown = volumes.filter(({ access }) => access === 'rw').map(({ source }) => source);
    return { ...options, secret: options.secret.map((secret) => heldSecret(secret, [directory, ...shown])) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // It names the option, which is called as the key is, or stands in `limits` or `session`.
    const message = `sandbox.toml, environment ${environment}: ${error.message.replace(/^--/, '')}`;
    throw new ProjectError('INVALID', message, { hint: error.hint, cause: error });
  }
}

/** What was typed for a sandbox of an environment. */
export type EnvironmentWords = Pick<SandboxRequest, 'options' | 'command'> & {
  /** Undefined: the running sandbox of its services is joined. `never`: it is a new one in any case. */
  readonly join?: 'never';
};

/** What somebody who joins an open sandbox chooses; all else was chosen when it was opened. */
const OF_JOINING: readonly string[] = [
  'env',
  'envFile',
  'workdir',
  'user',
  'entrypoint',
  'tty',
  'interactive',
  'quiet',
] satisfies ReadonlyArray<keyof Options>;

/** Gives how a sandbox of an environment is asked for: the running one of its services is joined. */
export async function environmentRequest(
  ready: ReadyEnvironment,
  { options, command, join }: EnvironmentWords,
): Promise<SandboxRequest> {
  const store = ownStore();
  const { sandbox: name } = ready;
  const isOpen = join !== 'never' && runningInit(`${shelf(store, 'sandboxes')}/${name}`) !== undefined;
  if (isOpen) await noteJoined(ready, options);
  return {
    options: withEnvironmentOptions(ready, options),
    root: await rootOf(ready),
    lifetime: isOpen ? { kind: 'named', name } : { kind: 'ephemeral' },
    purpose: 'shell',
    profile: undefined,
    command,
    project: projectPart(ready),
  };
}

/** Says what of a wish an open sandbox cannot meet any more. */
async function noteJoined({ directory, digest, sandbox }: ReadyEnvironment, options: Options): Promise<void> {
  const refused = Object.entries(sandboxOptions as OptionTable).flatMap(([key, { names }]) =>
    OF_JOINING.includes(key) || !wasTyped(Reflect.get(options, key)) ? [] : [names.at(-1)],
  );
  if (refused.length > 0) note(`without effect, since the sandbox of the services is joined: ${refused.join(', ')}`);
  const { readState } = await import('../../project/service/state.ts');
  const opened = readState(ownStore(), directory)?.environments.find((each) => each.sandbox === sandbox);
  if (opened !== undefined && opened.digest !== digest) {
    note('the environment has changed since its services were started: `sandbox down` and `sandbox up` renew it');
  }
}

function wasTyped(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

/** Gives what of an environment is said besides options. */
export function projectPart({ directory, workdir, user, variables, volumes, project }: ReadyEnvironment): ProjectPart {
  const hostname =
    project
      .replace(/[^A-Za-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 63) || 'project';
  return {
    directory,
    variables,
    volumes,
    hostname,
    ...(workdir === undefined ? {} : { workdir }),
    ...(user === undefined ? {} : { user }),
  };
}

/** Gives the root file system of an environment, with what its image says about commands. */
export async function rootOf({ root }: ReadyEnvironment): Promise<SandboxRequest['root']> {
  if (root.kind === 'host') return root;
  const { defaultsOfKept } = await import('../spec/find-image.ts');
  return { kind: 'image', rootfs: root, defaults: defaultsOfKept(ownStore(), root.manifest) };
}
