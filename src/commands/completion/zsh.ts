import type { Command } from '../arguments/command.ts';
import type { Completion, Option } from '../arguments/option.ts';
import { shellQuote } from './shell-quote.ts';

/** The action of zshcompsys(1), _arguments. */
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
    case 'sandboxes':
      return '_sandbox_names';
    case 'words':
      return `(${completion.words.join(' ')})`;
  }
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
  if (command.takesCommand) {
    return [shellQuote(`1: :_sandbox_operand ${shellQuote(action(command.completion))}`), shellQuote('*:: :_normal')];
  }
  return command.completion.kind === 'nothing' ? [] : [shellQuote(`*: :${action(command.completion)}`)];
}

function commandFunction(command: Command): string {
  const specifications = [
    ...Object.values(command.options).flatMap(optionSpecification),
    shellQuote('(- *)--help[Show help]'),
    ...operandSpecifications(command),
  ];
  return `_sandbox_${command.name}() {\n  _arguments -s -S \\\n    ${specifications.join(' \\\n    ')}\n}\n`;
}

/** Takes all commands and gives a script for zsh's completion system, zshcompsys(1). */
export function zshCompletion(commands: readonly Command[]): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  const descriptions = listed.map(({ name, description }) => `    ${shellQuote(`${name}:${plain(description)}`)}`);
  return `#compdef sandbox

_sandbox_names() {
  local -a names
  names=(\${(f)"$(command sandbox ps --all --quiet 2>/dev/null)"})
  compadd -a names
}

# An image or a name (action $1), or the command where a -- came before.
_sandbox_operand() {
  if (( \${words[(I)--]} )); then
    _command_names -e
  elif [[ $1 == '('*')' ]]; then
    compadd -- \${(s: :)\${1[2,-2]}}
  else
    $1
  fi
}

${listed.map(commandFunction).join('\n')}
_sandbox() {
  local -a commands=(
${descriptions.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=\${words[2]}
  if (( \${+functions[_sandbox_$name]} )); then
    shift words
    (( CURRENT-- ))
    _sandbox_$name
  fi
}

if [[ $funcstack[1] == _sandbox ]]; then
  _sandbox "$@"
else
  compdef _sandbox sandbox
fi
`;
}
