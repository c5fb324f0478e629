import type { Project } from '../../../project/model.ts';
import type { Colours } from '../../../ui/colour.ts';
import { printable } from '../../../ui/printable.ts';
import { pad, widthOf } from '../../../ui/width.ts';

/** What a project has, as `list --json` prints it. */
interface ProjectLists {
  readonly name: string;
  readonly directory: string;
  readonly description?: string;
  readonly environments: ReadonlyArray<{
    readonly name: string;
    readonly description?: string;
    readonly image: string;
    readonly steps: number;
  }>;
  readonly commands: ReadonlyArray<{
    readonly name: string;
    readonly description?: string;
    /** The words after `sandbox` that run it. */
    readonly words: readonly string[];
    readonly run: string | readonly string[];
    readonly environment: string;
    readonly requires: readonly string[];
    readonly services: readonly string[];
    readonly each: Readonly<Record<string, readonly string[]>>;
  }>;
  readonly services: ReadonlyArray<{
    readonly name: string;
    readonly description?: string;
    readonly run: string | readonly string[];
    readonly environment: string;
    readonly requires: readonly string[];
    readonly ports: readonly number[];
  }>;
}

function described({ description }: { readonly description?: string }): { readonly description?: string } {
  return description === undefined ? {} : { description };
}

/** `isOwn`: whether a name is a command of sandbox's own. */
export function projectLists(project: Project, isOwn: (name: string) => boolean): ProjectLists {
  const { name, directory, environments, commands, services } = project;
  return {
    name,
    directory,
    ...described(environments.get('default') ?? {}),
    environments: [...environments.values()].map((each) => ({
      name: each.name,
      ...described(each),
      image: each.image,
      steps: each.steps.length,
    })),
    commands: [...commands.values()].map((each) => ({
      name: each.name,
      ...described(each),
      words: isOwn(each.name) ? ['do', each.name] : [each.name],
      run: each.run,
      environment: each.environment,
      requires: each.requires,
      services: each.services,
      each: Object.fromEntries(each.each),
    })),
    services: [...services.values()].map((each) => ({
      name: each.name,
      ...described(each),
      run: each.run,
      environment: each.environment,
      requires: each.requires,
      ports: each.ports,
    })),
  };
}

type Row = readonly [name: string, description: string, isWords: boolean];

/** Gives the lists as `sandbox` alone shows them in a project. */
export function projectText(lists: ProjectLists, colours: Colours): string {
  const environments = lists.environments.map(({ name, description, image, steps }): Row => {
    const what = steps === 0 ? image : `${image}, ${steps} step${steps === 1 ? '' : 's'}`;
    // That of the default one is the project's: it stands above.
    return description === undefined || name === 'default' ? [name, what, false] : [name, description, true];
  });
  const sections: ReadonlyArray<readonly [heading: string, rows: readonly Row[]]> = [
    ['Environments', environments],
    ['Commands', lists.commands.map((each) => runRow(each.words.join(' '), each))],
    ['Services', lists.services.map((each) => runRow(each.name, each))],
  ];
  const width = Math.max(...sections.flatMap(([, rows]) => rows.map(([name]) => widthOf(name))));
  const title = lists.description === undefined ? lists.name : `${lists.name}: ${lists.description}`;
  const parts = sections
    .filter(([, rows]) => rows.length > 0)
    .map(
      ([heading, rows]) => `${colours.strong(heading)}\n${rows.map((row) => rowText(row, width, colours)).join('')}`,
    );
  return [`${oneLine(title)}\n`, ...parts, usage(lists)].join('\n');
}

const MOST_CHARACTERS = 60;

/** What has no description is shown by what it runs. */
function runRow(name: string, each: { readonly description?: string; readonly run: string | readonly string[] }): Row {
  if (each.description !== undefined) return [name, each.description, true];
  const run = typeof each.run === 'string' ? each.run : each.run.join(' ');
  const [first = '', ...more] = run.split('\n').filter((line) => line.trim() !== '');
  const isShort = more.length === 0 && first.length <= MOST_CHARACTERS;
  return [name, isShort ? first.trim() : `${first.trim().slice(0, MOST_CHARACTERS)}…`, false];
}

function rowText([name, description, isWords]: Row, width: number, { strong, faint }: Colours): string {
  const text = oneLine(description);
  return `  ${strong(pad(name, width))}  ${isWords ? text : faint(text)}\n`;
}

function oneLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, ' ');
}

function usage({ environments, commands, services }: ProjectLists): string {
  const ways = [
    environments.length > 1 ? '`sandbox shell [NAME]` opens an environment' : '`sandbox shell` opens the environment',
    ...(commands.length > 0 ? ['`sandbox NAME` runs a command'] : []),
    ...(services.length > 0 ? ['`sandbox up` starts the services'] : []),
    '`sandbox help` lists the rest',
  ];
  return `${ways.join(',\n')}.\n`;
}
