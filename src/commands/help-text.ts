import { type Colours, coloursOf } from '../ui/colour.ts';
import { print } from '../ui/output.ts';
import { VERSION } from '../version.ts';
import type { Command } from './arguments/command.ts';
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

/** Takes a command and gives all there is to say about it. */
export function commandHelp(command: Command, colours: Colours): string {
  const options = [...Object.values(command.options), HELP_OPTION];
  const parts = [
    `${command.description}\n`,
    `${colours.strong('Usage')}\n  sandbox ${[command.name, '[OPTIONS]', command.operands].filter(Boolean).join(' ')}\n`,
    command.details
      .trim()
      .split(/\n\s*\n/)
      .map((paragraph) => wrap(paragraph, ''))
      .join('\n'),
    `${colours.strong('Options')}\n${optionLines(options, colours)}`,
    `${colours.strong('Examples')}\n${command.examples
      .map(([what, line]) => `  ${colours.faint(`# ${what}`)}\n  ${line}\n`)
      .join('')}`,
  ];
  return parts.join('\n');
}

/** Takes all commands and gives the list of them, by category. */
export function overview(commands: readonly Command[], colours: Colours): string {
  const categories = new Map<string, Command[]>();
  for (const command of commands) {
    if (command.category === undefined) continue;
    categories.set(command.category, [...(categories.get(command.category) ?? []), command]);
  }
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lists = [...categories].map(([category, members]) => {
    const lines = members.map(({ name, description }) => `  ${colours.strong(name.padEnd(width))}  ${description}\n`);
    return `${colours.strong(category)}\n${lines.join('')}`;
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

export function printOverview(commands: readonly Command[]): void {
  print(overview(commands, coloursOf(1)));
}
