import type { Command } from '../arguments/command.ts';
import type { Completion, Option } from '../arguments/option.ts';
import { shellQuote } from './shell-quote.ts';

/** The call of the script's own function that fills COMPREPLY. */
function offer(completion: Completion): string {
  switch (completion.kind) {
    case 'nothing':
      return ':';
    case 'files':
      return '_sandbox_offer filenames -f';
    case 'directories':
      return '_sandbox_offer filenames -d';
    case 'variables':
      return '_sandbox_offer nosort -v';
    case 'sandboxes':
      return '_sandbox_offer nosort -W "$(command sandbox ps --all --quiet 2>/dev/null)"';
    case 'words':
      return `_sandbox_offer nosort -W ${shellQuote(completion.words.join(' '))}`;
  }
}

function valueCases(command: Command): string {
  return Object.values(command.options)
    .flatMap((option) => (option.kind === 'flag' ? [] : [option]))
    .map(({ names, completion }) => {
      const patterns = names.map((name) => shellQuote(`${command.name} ${name}`)).join('|');
      return `    ${patterns}) ${offer(completion)} ;;\n`;
    })
    .join('');
}

function flagNames(options: readonly Option[]): string {
  return [...options.flatMap(({ names }) => names), '--help'].filter((name) => name.startsWith('--')).join(' ');
}

/** Takes all commands and gives a script for bash 4.4 and later, with or without the package bash-completion. */
export function bashCompletion(commands: readonly Command[]): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  const names = [...listed.map(({ name }) => name), '--help', '--version'].join(' ');
  const flags = listed
    .map(
      (command) =>
        `      ${command.name}) ${offer({ kind: 'words', words: [flagNames(Object.values(command.options))] })} ;;\n`,
    )
    .join('');
  const operands = listed.map((command) => `    ${command.name}) ${offer(command.completion)} ;;\n`).join('');
  const takers = listed.filter(({ takesCommand, completion }) => takesCommand && completion.kind === 'words');
  return `# bash completion for sandbox

_sandbox_offer() {
  local behaviour=$1
  shift
  mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
  # Fails outside of a completion, which is no failure of the offer.
  compopt -o "$behaviour" 2>/dev/null || true
}

# Offers values for option $2 of command $1; fails where it takes none.
_sandbox_value() {
  case "$1 $2" in
${listed.map(valueCases).join('')}    *) return 1 ;;
  esac
}

# The words from index $1 on are a command line of their own.
_sandbox_rest() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    _sandbox_offer filenames -c
  else
    _sandbox_offer filenames -f
  fi
}

_sandbox() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local name='' operands=0 index word
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -z $name ]]; then
      name=$word
    elif [[ $word == -- ]]; then
      _sandbox_rest $((index + 1))
      return
    elif [[ $word == = ]]; then
      ((index++))
    elif [[ $word == -* ]]; then
      # bash splits --name=value into three words.
      if [[ \${COMP_WORDS[index + 1]} != = ]] && current='' _sandbox_value "$name" "$word"; then
        ((index++))
      fi
    else
      ((operands++))
      case $name in
${takers.length === 0 ? '' : `        ${takers.map((command) => command.name).join('|')})\n          _sandbox_rest $((index + 1))\n          return\n          ;;\n`}        *) ;;
      esac
    fi
  done
  COMPREPLY=()
  if [[ -z $name ]]; then
    ${offer({ kind: 'words', words: [names] })}
    return
  fi
  if [[ $current == = ]]; then
    current=''
    _sandbox_value "$name" "$previous"
    return
  fi
  if [[ $previous == = ]]; then
    _sandbox_value "$name" "\${COMP_WORDS[COMP_CWORD - 2]}"
    return
  fi
  if _sandbox_value "$name" "$previous"; then
    return
  fi
  if [[ $current == -* ]]; then
    case $name in
${flags}    esac
    return
  fi
  case $name in
${operands}  esac
}

complete -F _sandbox sandbox
`;
}
