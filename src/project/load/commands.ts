import type { ProjectCommand, Service } from '../model.ts';
import type { CommandTable } from '../schema/command.ts';
import type { Problem } from './problems.ts';
import { expectNames, expectNoCycle, unknown } from './references.ts';
import { directoryOf, variablesOf, withoutUndefined } from './values.ts';

const MOST_COMBINATIONS = 1000;

interface Known {
  /** Of environments. */
  readonly names: ReadonlySet<string>;
  readonly services: ReadonlyMap<string, Service>;
}

/** Takes the checked tables; gives the commands, and adds to `problems` what is wrong with them. */
export function readCommands(
  tables: Readonly<Record<string, CommandTable>> | undefined,
  { names, services }: Known,
  problems: Problem[],
): ReadonlyMap<string, ProjectCommand> {
  const entries = Object.entries(tables ?? {});
  const commands = new Map(entries.map(([name, table]) => [name, commandOf(name, table, problems)]));
  for (const [name, command] of commands) {
    const at = ['command', name];
    expectNames('command', command.requires, commands, { path: [...at, 'requires'], problems });
    expectNames('service', command.services, services, { path: [...at, 'services'], problems });
    expectEnvironments(command, names, problems);
  }
  expectNoCycle('command', commands, problems);
  return commands;
}

function commandOf(name: string, table: CommandTable, problems: Problem[]): ProjectCommand {
  if (table.run === undefined) {
    problems.push({ path: ['command', name], message: 'run is missing', hint: 'run = "…"', rank: 3 });
  }
  return {
    name,
    run: table.run ?? '',
    environment: table.environment ?? 'default',
    variables: variablesOf(table.env),
    requires: [...new Set(table.requires)],
    services: [...new Set(table.services)],
    each: Object.entries(table.each ?? {}).map(([key, values]) => [key, [...new Set(values.map(String))]] as const),
    watch: table.watch ?? [],
    ...withoutUndefined({ description: table.description, workdir: directoryOf(table.workdir) }),
  };
}

/** Every environment is there that a command can be run in. */
function expectEnvironments(
  { name, environment, each }: ProjectCommand,
  names: ReadonlySet<string>,
  problems: Problem[],
): void {
  const count = each.reduce((product, [, values]) => product * values.length, 1);
  if (count > MOST_COMBINATIONS) {
    const message = `these are ${count} combinations; there may be ${MOST_COMBINATIONS}`;
    problems.push({ path: ['command', name, 'each'], message, rank: 1 });
    return;
  }
  const path = ['command', name, 'environment'];
  let wanted = [environment];
  for (const [key, values] of each) {
    const isUsed = environment.includes(`{${key}}`);
    if (isUsed) wanted = wanted.flatMap((text) => values.map((value) => text.replaceAll(`{${key}}`, value)));
  }
  for (const each of new Set(wanted)) {
    const key = /\{[^}]*\}?|\}/.exec(each)?.[0];
    if (key !== undefined) {
      const message = `${key} is no key of each`;
      problems.push({ path, message, hint: 'each = { NODE = ["18", "20"] } gives {NODE}', rank: 1 });
      return;
    }
    if (!names.has(each)) problems.push(unknown('environment', each, path, names));
  }
}
