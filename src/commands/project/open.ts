import { currentDirectory } from '../../linux/proc-self.ts';
import { findProject } from '../../project/find.ts';
import type { ReadyEnvironment } from '../../project/record.ts';
import { shelf } from '../../store/layout.ts';
import { runningInit } from '../../store/sandbox-directory.ts';
import type { OptionTable, OptionValues } from '../arguments/option.ts';
import { parseArguments } from '../arguments/parse-arguments.ts';
import { sandboxOptions } from '../options/sandbox-options.ts';
import type { ProjectPart, SandboxRequest } from '../spec/build-spec.ts';
import { ownStore } from '../spec/own-store.ts';
import { prepare } from './prepare.ts';

type Options = OptionValues<typeof sandboxOptions>;

/** What was typed of an environment. */
export interface EnvironmentWishes {
  /** Name of an environment, or something else; undefined: nothing was typed. */
  readonly operand: string | undefined;
  readonly frozen: boolean;
  readonly quiet: boolean;
  readonly atStep?: number | undefined;
}

/** Gives the environment of the project here that is meant, ready to start; undefined where none is. */
export async function environmentHere(wishes: EnvironmentWishes): Promise<ReadyEnvironment | undefined> {
  const directory = findProject(currentDirectory());
  if (directory === undefined) return undefined;
  const { operand, quiet, atStep: until } = wishes;
  if (operand !== undefined && !(await isEnvironment(directory, operand))) return undefined;
  const environment = operand ?? 'default';
  const frozen = wishes.frozen ? true : undefined;
  return await prepare({ directory, environment, frozen, quiet, ...(until === undefined ? {} : { until }) });
}

async function isEnvironment(directory: string, operand: string): Promise<boolean> {
  const { loadProject } = await import('../../project/load.ts');
  return (await loadProject(directory)).environments.has(operand);
}

/** Takes the options that were typed and gives them with those of the environment, which they win over; lists add up. */
export function withEnvironmentOptions(ready: Pick<ReadyEnvironment, 'words'>, typed: Options): Options {
  const { options } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, ready.words);
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

/** Gives how a sandbox of an environment is asked for: the running one of its services is joined. */
export async function environmentRequest(
  ready: ReadyEnvironment,
  { options, command }: Pick<SandboxRequest, 'options' | 'command'>,
): Promise<SandboxRequest> {
  const store = ownStore();
  const { sandbox: name } = ready;
  const isOpen = runningInit(`${shelf(store, 'sandboxes')}/${name}`) !== undefined;
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

/** Gives what of an environment is said besides options. */
export function projectPart({ directory, workdir, variables, volumes, project }: ReadyEnvironment): ProjectPart {
  const hostname =
    project
      .replace(/[^A-Za-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 63) || 'project';
  return { directory, variables, volumes, hostname, ...(workdir === undefined ? {} : { workdir }) };
}

/** Gives the root file system of an environment, with what its image says about commands. */
export async function rootOf({ root }: ReadyEnvironment): Promise<SandboxRequest['root']> {
  if (root.kind === 'host') return root;
  const { defaultsOfKept } = await import('../spec/find-image.ts');
  return { kind: 'image', rootfs: root, defaults: defaultsOfKept(ownStore(), root.manifest) };
}
