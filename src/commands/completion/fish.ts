import type { Command } from '../arguments/command.ts';
import type { CommandGroup } from '../arguments/group.ts';
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
    case 'names':
      return `-x -a ${fishQuote(`(command sandbox __names ${completion.of.join(' ')} 2>/dev/null)`)}`;
    case 'words':
      return `-x -a ${fishQuote(completion.words.join(' '))}`;
  }
}

/** The condition under which a command's words are meant. */
function within({ name }: Command): string {
  return fishQuote(`__sandbox_in ${name}`);
}

function optionLine(command: Command, option: Option): string {
  const names = option.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = option.kind === 'flag' ? '' : ` ${candidates(option.completion)}`;
  return `complete -c sandbox -n ${within(command)} ${names.join(' ')} -d ${fishQuote(option.description)}${value}\n`;
}

/** Offers a word with its description where nothing but the words of `before` stands. */
function wordLine(word: string, description: string, before: string): string {
  const condition = before === '' ? '__fish_use_subcommand' : fishQuote(`__sandbox_after ${before}`);
  return `complete -c sandbox -n ${condition} -a ${word} -d ${fishQuote(description)}\n`;
}

function commandLines(command: Command): string {
  const { name, description, completion, options } = command;
  const words = name.split(' ');
  return [
    `\n# ${name}\n`,
    wordLine(words.at(-1) ?? name, description, words.slice(0, -1).join(' ')),
    ...(completion.kind === 'nothing' ? [] : [`complete -c sandbox -n ${within(command)} ${candidates(completion)}\n`]),
    ...Object.values(options).map((option) => optionLine(command, option)),
  ].join('');
}

/** Takes all commands, and the groups they are in, and gives a script for fish 3 and later. */
export function fishCompletion(commands: readonly Command[], groups: readonly CommandGroup[]): string {
  const listed = commands.filter(({ category }) => category !== undefined);
  return `# fish completion for sandbox

# Within the command $argv, of one word or two, before a --.
function __sandbox_in
    set -l words (commandline -opc)
    set -l last (math 1 + (count $argv))
    test "$words[2..$last]" = "$argv"; and not contains -- -- $words
end

# Right after the word $argv[1] of a group.
function __sandbox_after
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test "$words[2]" = "$argv[1]"
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
complete -c sandbox -n __fish_use_subcommand -a '(command sandbox __names commands 2>/dev/null)' -d 'Command of the project'
complete -c sandbox -n __fish_use_subcommand -l help -d 'Show help'
complete -c sandbox -n __fish_use_subcommand -l version -d 'Print the version'
${groups.map(({ name, description }) => wordLine(name, description, '')).join('')}${listed.map(commandLines).join('')}`;
}
