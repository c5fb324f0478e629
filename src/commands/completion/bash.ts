import type { Command } from '../arguments/command.ts';
import type { CommandGroup } from '../arguments/group.ts';
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
    case 'names':
      return `_sandbox_offer nosort -W "$(command sandbox __names ${completion.of.join(' ')} 2>/dev/null)"`;
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

/** Takes all commands, and the groups they are in, and gives a script for bash 4.4 and later, with or without bash-completion. */
export function bashCompletion(commands: readonly Command[], groups: readonly CommandGroup[]): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  const single = listed.filter(({ name }) => !name.includes(' '));
  const names = [...single, ...groups].map(({ name }) => name);
  const flags = listed
    .map(
      (command) =>
        `      ${shellQuote(command.name)}) ${offer({ kind: 'words', words: [flagNames(Object.values(command.options))] })} ;;\n`,
    )
    .join('');
  const operands = [
    ...groups.map(({ name, words }) => `    ${shellQuote(name)}) ${offer({ kind: 'words', words })} ;;\n`),
    ...listed.map((command) => `    ${shellQuote(command.name)}) ${offer(command.completion)} ;;\n`),
  ].join('');
  // Words after these are the arguments of one of the project's commands, options and all.
  const doers = listed.filter(({ takesCommand, completion }) => takesCommand && takesNameOfCommand(completion));
  // A word after these is the command's; one after `shell` is none.
  const takers = listed.filter(({ takesCommand, completion }) => takesCommand && takesHost(completion));
  return `# bash completion for sandbox

_sandbox_offer() {
  local behaviour=$1 at
  shift
  mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
  # bash replaces only what stands after the last colon of a word.
  if [[ -n $glued ]]; then
    for at in "\${!COMPREPLY[@]}"; do COMPREPLY[at]=\${COMPREPLY[at]#"\${current%"\${current##*:}"}"}; done
  fi
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
  # bash splits words at colons, which names of images and volumes have: they are put together again. Of each word,
  # \`origins\` is the index of its first piece.
  local -a line=() origins=()
  local name='' operands=0 index word glued=''
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((\${#line[@]} > 1)) && [[ -n $glued || $word == :* ]]; then
      line[-1]+=$word
      if [[ $word == :* ]]; then glued=1; else glued=; fi
      if ((index == COMP_CWORD)); then glued=1; fi
    else
      line+=("$word")
      origins+=("$index")
    fi
  done
  local last=$((\${#line[@]} - 1))
  local current=\${line[last]} previous=\${line[last - 1]}
  COMPREPLY=()
  for ((index = 1; index < last; index++)); do
    word=\${line[index]}
    if [[ -z $name ]]; then
      name=$word
${groups.length === 0 ? '' : `    elif [[ $name == @(${groups.map(({ name }) => name).join('|')}) ]]; then\n      name="$name $word"\n`}    elif [[ $word == -- ]]; then
      _sandbox_rest $((origins[index] + 1))
      return
    elif [[ $word == = ]]; then
      ((index++))
    elif [[ $word == -* ]]; then
      # bash splits --name=value into three words.
      if [[ \${line[index + 1]} != = ]] && current='' _sandbox_value "$name" "$word"; then
        ((index++))
      fi
    else
      ((operands++))
      case $name in
${takers.length === 0 ? '' : `        ${takers.map((command) => shellQuote(command.name)).join('|')})\n          _sandbox_rest $((origins[index + 1]))\n          return\n          ;;\n`}${doers.length === 0 ? '' : `        ${doers.map((command) => shellQuote(command.name)).join('|')})\n          _sandbox_offer filenames -f\n          return\n          ;;\n`}        *) ;;
      esac
    fi
  done
  COMPREPLY=()
  if [[ -z $name ]]; then
    _sandbox_offer nosort -W ${shellQuote([...names, '--help', '--version'].join(' '))}" $(command sandbox __names commands 2>/dev/null)"
    return
  fi
  if [[ $current == = ]]; then
    current=''
    _sandbox_value "$name" "$previous"
    return
  fi
  if [[ $previous == = ]]; then
    _sandbox_value "$name" "\${line[last - 2]}"
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

function takesNameOfCommand(completion: Completion): boolean {
  return completion.kind === 'names' && completion.of.includes('commands');
}

function takesHost(completion: Completion): boolean {
  return completion.kind === 'names' && completion.of.includes('host');
}
