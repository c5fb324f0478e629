import { type Colours, coloursOf } from '../ui/colour.ts';
import { print } from '../ui/output.ts';
import { VERSION } from '../version.ts';
import type { Command } from './arguments/command.ts';
import type { CommandGroup } from './arguments/group.ts';
import type { Option } from './arguments/option.ts';

/** Comfortable to read, and what a terminal has at least. */
const LINE = 80;

/** Takes words of one paragraph and gives lines of at most LINE characters; a longer word stands alone. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > LINE) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines.map((each) => `${indent}${each}\n`).join('');
}

/** `-e, --env NAME[=VALUE]`; an option without a short name starts below the long ones. */
function optionLabel(option: Option): string {
  const names = option.names.join(', ');
  const aligned = names.startsWith('--') ? `    ${names}` : names;
  return option.kind === 'flag' ? aligned : `${aligned} ${option.placeholder}`;
}

function optionLines(options: readonly Option[], colours: Colours): string {
  const indent = ' '.repeat(10);
  return options
    .map((option) => {
      const again = option.kind === 'list' ? ' (may be repeated)' : '';
      return `  ${colours.strong(optionLabel(option))}\n${wrap(option.description + again, indent)}`;
    })
    .join('');
}

const HELP_OPTION: Option = { kind: 'flag', names: ['-h', '--help'], description: 'Show this text' };

function paragraphs(details: string): string {
  return details
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => wrap(paragraph, ''))
    .join('\n');
}

function exampleLines(examples: Command['examples'], colours: Colours): string {
  const lines = examples.map(([what, line]) => `  ${colours.faint(`# ${what}`)}\n  ${line}\n`);
  return `${colours.strong('Examples')}\n${lines.join('')}`;
}

type Listed = Pick<Command, 'name' | 'description'>;

/** Names in a column, descriptions in another. */
function listLines(listed: readonly Listed[], width: number, colours: Colours): string {
  return listed.map(({ name, description }) => `  ${colours.strong(name.padEnd(width))}  ${description}\n`).join('');
}

function widest(listed: readonly Listed[]): number {
  return Math.max(...listed.map(({ name }) => name.length));
}

/** Takes a command and gives all there is to say about it. */
export function commandHelp(command: Command, colours: Colours): string {
  const options = [...Object.values(command.options), HELP_OPTION];
  const parts = [
    `${command.description}\n`,
    `${colours.strong('Usage')}\n  sandbox ${[command.name, '[OPTIONS]', command.operands].filter(Boolean).join(' ')}\n`,
    paragraphs(command.details),
    `${colours.strong('Options')}\n${optionLines(options, colours)}`,
    exampleLines(command.examples, colours),
  ];
  return parts.join('\n');
}

/** Takes a group and its commands, and gives what it is for and the list of them. */
export function groupHelp(group: CommandGroup, members: readonly Command[], colours: Colours): string {
  const parts = [
    `${group.description}\n`,
    `${colours.strong('Usage')}\n  sandbox ${group.name} COMMAND [OPTIONS] …\n`,
    paragraphs(group.details),
    `${colours.strong('Commands')}\n${listLines(members, widest(members), colours)}`,
    exampleLines(group.examples, colours),
    `\`sandbox help ${group.name} COMMAND\` explains a command.\n`,
  ];
  return parts.join('\n');
}

/** Takes all commands and groups, and gives the list of them, by category. */
export function overview(commands: ReadonlyArray<Command | CommandGroup>, colours: Colours): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  const categories = new Set(listed.map(({ category }) => category));
  const width = widest(listed);
  const lists = [...categories].map((category) => {
    const members = listed.filter((each) => each.category === category);
    return `${colours.strong(category ?? '')}\n${listLines(members, width, colours)}`;
  });
  return [
    `sandbox ${VERSION}: containers without root, without a daemon, in one file\n`,
    `${colours.strong('Usage')}\n  sandbox COMMAND [OPTIONS] …\n`,
    ...lists,
    '`sandbox help COMMAND` explains a command; `sandbox --version` prints the version.\n',
  ].join('\n');
}

export function printCommandHelp(command: Command): void {
  print(commandHelp(command, coloursOf(1)));
}

export async function printGroupHelp(group: CommandGroup): Promise<void> {
  const members = await Promise.all(group.words.map((word) => group.load(word)));
  print(
    groupHelp(
      group,
      members.flatMap((member) => member ?? []),
      coloursOf(1),
    ),
  );
}

export function printOverview(commands: ReadonlyArray<Command | CommandGroup>): void {
  print(overview(commands, coloursOf(1)));
}
