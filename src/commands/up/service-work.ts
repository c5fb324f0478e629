import { posix } from 'node:path';
import { ownCommand } from '../../linux/own-command.ts';
import { ProjectError } from '../../project/error.ts';
import type { Project, Service } from '../../project/model.ts';
import type { ReadyEnvironment } from '../../project/record.ts';
import type { NamedSpec } from '../../project/service/box.ts';
import { inOrder } from '../../project/service/order.ts';
import type { ServiceWork } from '../../project/service/work.ts';
import { note } from '../../ui/output.ts';
import { parseArguments } from '../arguments/parse-arguments.ts';
import { sandboxOptions } from '../options/sandbox-options.ts';
import { projectPart, rootOf, withEnvironmentOptions } from '../project/open.ts';
import { prepare } from '../project/prepare.ts';
import { buildSpec, type ProjectPart, type SandboxRequest } from '../spec/build-spec.ts';
import { ownStore } from '../spec/own-store.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { ownSurroundings } from '../spec/surroundings.ts';
import type { UpTask } from './task.ts';

export interface ServiceWishes {
  /** Services, all of the project where there is none. */
  readonly names: readonly string[];
  readonly frozen: boolean | undefined;
  readonly quiet: boolean;
  readonly keepGoing: boolean;
  readonly purpose: ServiceWork['purpose'];
  readonly onEvent: ServiceWork['onEvent'];
  /** Standard error unless given. */
  readonly note?: ServiceWork['note'];
}

/** Gives what is to be brought up; environments are prepared, which may pull and build. Throws a ProjectError. */
export async function serviceWork(project: Project, wishes: ServiceWishes): Promise<ServiceWork> {
  const { directory } = project;
  const { names, frozen, quiet, ...rest } = wishes;
  const tell = wishes.note ?? note;
  const services = inOrder(project.services, names);
  const environments = new Map<string, ReadyEnvironment>();
  for (const { name, user, environment } of services) {
    if (user !== undefined && project.environments.get(environment)?.image === 'host') {
      // There a sandbox has the one id that it was made with: plan/identity.ts.
      throw new ProjectError(
        'SERVICE',
        `the service ${name}: \`user\` takes an image, and ${environment} is on the host`,
        {
          hint: 'set `user` of the environment: all of it runs under that id',
        },
      );
    }
    if (environments.has(environment)) continue;
    environments.set(environment, await prepare({ directory, environment, frozen, quiet }));
  }
  return {
    ...rest,
    store: ownStore(),
    directory,
    services,
    environments,
    boxSpec: async (ready) => await boxSpec(ready, tell),
    commandSpec,
    askCommand: (url) => [...ownCommand('__up'), JSON.stringify({ kind: 'ask', url } satisfies UpTask)],
    beginProgress: preparationProgress,
    note: tell,
  };
}

function nothingTyped() {
  return parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, []).options;
}

/** It is not told to end after the environment's `timeout`: that is for commands. */
async function boxSpec(ready: ReadyEnvironment, tell: (line: string) => void): Promise<NamedSpec> {
  const { workdir = ready.directory } = ready;
  const command = ['sandbox', 'up'];
  const request = await requestOf(ready, { part: { ...projectPart(ready), workdir }, command });
  const { spec, notes } = await buildSpec(request, ownSurroundings());
  for (const line of notes) tell(line);
  const { timeout: _, ...lasting } = spec;
  return { ...lasting, lifetime: { kind: 'named', name: ready.sandbox }, terminal: 'inherited', stdin: false };
}

async function commandSpec(ready: ReadyEnvironment, service: Service, command: readonly string[]) {
  const { directory, workdir = directory } = ready;
  const part: ProjectPart = {
    ...projectPart(ready),
    workdir: posix.resolve(directory, service.workdir ?? workdir),
    variables: [...ready.variables, ...service.variables],
    ...(service.user === undefined ? {} : { user: service.user }),
  };
  const request = await requestOf(ready, { part, command });
  // The environment's may be a number, which is an option and would win over an account.
  const options = service.user === undefined ? request.options : { ...request.options, user: undefined };
  const { spec } = await buildSpec({ ...request, options }, ownSurroundings());
  const { timeout: _, ...lasting } = spec;
  return lasting;
}

async function requestOf(
  ready: ReadyEnvironment,
  { part, command }: { readonly part: ProjectPart; readonly command: readonly string[] },
): Promise<SandboxRequest> {
  return {
    options: withEnvironmentOptions(ready, nothingTyped()),
    root: await rootOf(ready),
    lifetime: { kind: 'named', name: ready.sandbox },
    purpose: 'shell',
    profile: undefined,
    command,
    project: part,
  };
}
