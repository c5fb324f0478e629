import type { Command } from '../arguments/command.ts';
import type { CommandGroup } from '../arguments/group.ts';
import type { Completion, Option } from '../arguments/option.ts';
import { shellQuote } from './shell-quote.ts';

/** The action of zshcompsys(1), _arguments. After a space it is called as it is, else with options of compadd put before its words. */
function action(completion: Completion): string {
  switch (completion.kind) {
    case 'nothing':
      return ' ';
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'variables':
      return '_parameters -g "*export*"';
    case 'names':
      return ` _sandbox_names ${completion.of.join(' ')}`;
    case 'words':
      return `(${completion.words.join(' ')})`;
  }
}

function spaced(words: string): string {
  return ` ${words.trimStart()}`;
}

/** Within a specification these end a part of it. */
function plain(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function optionSpecification(option: Option): string[] {
  const repeats = option.kind === 'list';
  const exclusion = repeats ? '*' : `(${option.names.join(' ')})`;
  return option.names.map((name) => {
    // `+` and `=`: the value may be in the same word or in the next one.
    const form = option.kind === 'flag' ? name : `${name}${name.startsWith('--') ? '=' : '+'}`;
    const value = option.kind === 'flag' ? '' : `:${plain(option.placeholder)}:${action(option.completion)}`;
    return shellQuote(`${exclusion}${form}[${plain(option.description)}]${value}`);
  });
}

function operandSpecifications(command: Command): string[] {
  if (command.completion.kind === 'names' && command.completion.of.includes('commands')) {
    return [shellQuote(`1: :${action(command.completion)}`), shellQuote('*: :_files')];
  }
  if (command.takesCommand) {
    return [shellQuote(`1: : _sandbox_operand${spaced(action(command.completion))}`), shellQuote('*:: :_normal')];
  }
  return command.completion.kind === 'nothing' ? [] : [shellQuote(`*: :${action(command.completion)}`)];
}

function commandFunction(command: Command): string {
  const specifications = [
    ...Object.values(command.options).flatMap(optionSpecification),
    shellQuote('(- *)--help[Show help]'),
    ...operandSpecifications(command),
  ];
  return `_sandbox_${command.name.replace(' ', '_')}() {\n  _arguments -s -S \\\n    ${specifications.join(' \\\n    ')}\n}\n`;
}

function descriptions(listed: ReadonlyArray<{ readonly name: string; readonly description: string }>): string {
  return listed
    .map(({ name, description }) => `    ${shellQuote(`${name.split(' ').at(-1)}:${plain(description)}`)}\n`)
    .join('');
}

/** A group's function offers its commands, and leaves what follows to theirs. */
function groupFunction({ name }: CommandGroup, commands: readonly Command[]): string {
  const members = commands.filter((command) => command.name.startsWith(`${name} `));
  return `_sandbox_${name}() {
  local -a subcommands=(
${descriptions(members)}  )
  _sandbox_dispatch ${name}_
}
`;
}

/** Takes all commands, and the groups they are in, and gives a script for zsh's completion system, zshcompsys(1). */
export function zshCompletion(commands: readonly Command[], groups: readonly CommandGroup[]): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  const single = listed.filter(({ name }) => !name.includes(' '));
  return `#compdef sandbox

_sandbox_names() {
  local -a names
  names=(\${(f)"$(command sandbox __names $@ 2>/dev/null)"})
  compadd -a names
}

# An image or a name (the action), or the command where a -- came before.
_sandbox_operand() {
  if (( \${words[(I)--]} )); then
    _command_names -e
  else
    "$@"
  fi
}

# Offers \`subcommands\`, or does what the function of the one does that was typed; $1 stands before its name.
_sandbox_dispatch() {
  if (( CURRENT == 2 )); then
    _describe command subcommands
    [[ -n $1 ]] || _sandbox_names commands
    return
  fi
  local name=$1\${words[2]}
  if (( \${+functions[_sandbox_$name]} )); then
    shift words
    (( CURRENT-- ))
    _sandbox_$name
  fi
}

${[...listed.map(commandFunction), ...groups.map((group) => groupFunction(group, listed))].join('\n')}
_sandbox() {
  local -a subcommands=(
${descriptions([...single, ...groups])}  )
  _sandbox_dispatch ''
}

if [[ $funcstack[1] == _sandbox ]]; then
  _sandbox "$@"
else
  compdef _sandbox sandbox
fi
`;
}
