import type { Command } from '../arguments/command.ts';
import type { Completion, Option } from '../arguments/option.ts';
import { fishQuote } from './shell-quote.ts';

/** The arguments of fish's `complete` that say what may follow. */
function candidates(completion: Completion): string {
  switch (completion.kind) {
    case 'nothing':
      return '-x';
    case 'files':
      return '-r -F';
    case 'directories':
      return `-x -a ${fishQuote('(__fish_complete_directories)')}`;
    case 'variables':
      return `-x -a ${fishQuote('(set -nx)')}`;
    case 'sandboxes':
      return `-x -a ${fishQuote('(command sandbox ps --all --quiet 2>/dev/null)')}`;
    case 'words':
      return `-x -a ${fishQuote(completion.words.join(' '))}`;
  }
}

function optionLine(command: Command, option: Option): string {
  const names = option.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = option.kind === 'flag' ? '' : ` ${candidates(option.completion)}`;
  const condition = fishQuote(`__sandbox_in ${command.name}`);
  return `complete -c sandbox -n ${condition} ${names.join(' ')} -d ${fishQuote(option.description)}${value}\n`;
}

function commandLines(command: Command): string {
  const { name, description, completion, options } = command;
  return [
    `\n# ${name}\n`,
    `complete -c sandbox -n __fish_use_subcommand -a ${name} -d ${fishQuote(description)}\n`,
    ...(completion.kind === 'nothing'
      ? []
      : [`complete -c sandbox -n ${fishQuote(`__sandbox_in ${name}`)} ${candidates(completion)}\n`]),
    ...Object.values(options).map((option) => optionLine(command, option)),
  ].join('');
}

/** Takes all commands and gives a script for fish 3 and later. */
export function fishCompletion(commands: readonly Command[]): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  return `# fish completion for sandbox

# Within command $argv[1], before a --.
function __sandbox_in
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; and not contains -- -- $words
end

# After a -- the words are a command line of their own.
function __sandbox_rest
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -l line (string escape -- $words[$at..-1])
    complete -C (string join ' ' -- $line[2..-1] (commandline -ct))
end

complete -c sandbox -f
complete -c sandbox -n 'contains -- -- (commandline -opc)' -a '(__sandbox_rest)'
complete -c sandbox -n __fish_use_subcommand -l help -d 'Show help'
complete -c sandbox -n __fish_use_subcommand -l version -d 'Print the version'
${listed.map(commandLines).join('')}`;
}
