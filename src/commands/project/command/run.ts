import type { ProjectCommand } from '../../../project/model.ts';
import type { Outline } from '../../../project/outline.ts';
import { note, printError } from '../../../ui/output.ts';
import { printable } from '../../../ui/printable.ts';
import type { SandboxRequest } from '../../spec/build-spec.ts';
import { attend, start } from '../../spec/start.ts';
import { environmentRequest } from '../open.ts';
import { prepare } from '../prepare.ts';
import { type Ending, endings } from './endings.ts';
import type { CommandWishes } from './here.ts';
import { type Combination, chosenCombinations, combinationsOf, combinationText, filledIn } from './matrix.ts';
import { commandOf, inOrder } from './order.ts';
import { servicesOf, withServicesOf } from './services.ts';

/**
 * Runs a command of a project behind what it requires, while its services are up. Where nothing is left to do after it, this
 * process becomes its sandbox; else it gives the exit status: that of the command, of the first of its combinations that
 * failed, or of the required command that failed. Throws ProjectError, UsageError and what building and starting throw.
 */
export async function runCommand(outline: Outline, wishes: CommandWishes): Promise<number> {
  const row = rowOf(outline, wishes);
  if (row.isSingle && row.required.length + servicesOf(outline, wishes.name).length === 0) return await row.become();
  return await withServicesOf(outline, wishes, async ({ leave }) => {
    const ending = endings();
    try {
      const status = await row.runRequired(ending);
      if (status !== 0) return status;
      return leave && row.isSingle ? await row.become() : await row.runLast(ending);
    } finally {
      ending.close();
    }
  });
}

/** The same where services are up already and this process goes on in any case; `signal` ends it. */
export async function runAgain(outline: Outline, wishes: CommandWishes, signal: AbortSignal): Promise<number> {
  const row = rowOf(outline, wishes);
  const ending = endings(signal);
  try {
    const status = await row.runRequired(ending);
    return status === 0 ? await row.runLast(ending) : status;
  } finally {
    ending.close();
  }
}

/** A command, and those that it requires, with what is to be done about them. Throws ProjectError and UsageError. */
function rowOf(outline: Outline, wishes: CommandWishes) {
  const command = commandOf(outline, wishes.name);
  const required = inOrder(outline, wishes.name).slice(0, -1);
  const combinations = chosenCombinations(command, wishes.only);
  const runRequired = async (ending: Ending): Promise<number> => {
    for (const each of required) {
      const failed = await runAll(outline, each, combinationsOf(each.each), { ...wishes, words: [] }, ending);
      if (ending.status !== undefined) break;
      if (failed.length > 0) note(`${command.name} is not run: ${each.name} failed: ${failureText(failed)}`);
      if (failed[0] !== undefined) return failed[0].status;
    }
    return ending.status ?? 0;
  };
  const runLast = async (ending: Ending): Promise<number> => {
    const failed = await runAll(outline, command, combinations, wishes, ending);
    if (failed.length > 0 && combinations.length > 1) note(`${command.name} failed: ${failureText(failed)}`);
    return failed[0]?.status ?? 0;
  };
  const become = async (): Promise<never> => await becomeCommand(outline, command, combinations, wishes);
  return { required, isSingle: combinations.length === 1, runRequired, runLast, become };
}

async function becomeCommand(
  outline: Outline,
  command: ProjectCommand,
  [combination = []]: readonly Combination[],
  wishes: CommandWishes,
): Promise<never> {
  announce(combination);
  return await start(await requestFor(outline, command, combination, wishes));
}

interface Failure {
  readonly combination: Combination;
  readonly status: number;
}

/** Runs a command for every combination, whatever becomes of the others, unless all is to end. */
async function runAll(
  outline: Outline,
  command: ProjectCommand,
  combinations: readonly Combination[],
  wishes: CommandWishes,
  ending: Ending,
): Promise<readonly Failure[]> {
  const failed: Failure[] = [];
  for (const combination of combinations) {
    announce(combination);
    const request = await requestFor(outline, command, combination, wishes);
    // Its environment may have been built first, which takes its time.
    if (ending.status !== undefined) break;
    const status = await attend(request, ending.signal);
    if (status !== 0) failed.push({ combination, status });
    if (ending.status !== undefined) break;
  }
  return failed;
}

function failureText(failed: readonly Failure[]): string {
  const texts = failed.map(({ combination, status }) => {
    const text = combinationText(combination);
    return text === '' ? `status ${status}` : `${text} (status ${status})`;
  });
  return texts.join(', ');
}

function announce(combination: Combination): void {
  const text = combinationText(combination);
  if (text !== '') printError(`— ${printable(text)} —\n`);
}

/** Gives the sandbox that a command is run in, its environment made ready. */
async function requestFor(
  { directory }: Outline,
  command: ProjectCommand,
  combination: Combination,
  { options, frozen, words }: CommandWishes,
): Promise<SandboxRequest> {
  const environment = filledIn(command.environment, combination);
  const wished = { directory, environment, frozen: frozen ? true : undefined, quiet: options.quiet };
  const { run, workdir, variables } = command;
  const argv = typeof run === 'string' ? ['/bin/sh', '-c', run, 'sh', ...words] : [...run, ...words];
  const request = await environmentRequest(await prepare(wished), { options, command: argv });
  const { project } = request;
  if (project === undefined) return request;
  return {
    ...request,
    project: {
      ...project,
      variables: [...project.variables, ...variables, ...combination],
      workdir: workdir === undefined ? (project.workdir ?? directory) : absolute(directory, workdir),
    },
  };
}

/** A command means the same wherever in the project it is typed: what is relative is so to the project. */
function absolute(directory: string, workdir: string): string {
  return workdir.startsWith('/') ? workdir : process.getBuiltinModule('node:path').posix.join(directory, workdir);
}
