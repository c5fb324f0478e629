import { didYouMean } from '../../config/did-you-mean.ts';
import type { Option, OptionTable, OptionValues } from './option.ts';
import { quoted, UsageError } from './usage-error.ts';

/** What a command makes of the words that are no options. */
export interface OperandRule<Table extends OptionTable> {
  /**
   * How many operands may come; what stands after the last of them, or after `--`, is `rest`, untouched.
   * It may depend on the options before: with `--rootfs` no image is expected.
   */
  readonly limit: (options: OptionValues<Table>) => number;
  /** The operand after the last: the first word of `rest` ('starts the rest'), or an error. */
  readonly surplus: 'starts the rest' | 'refused';
}

export interface ParsedArguments<Table extends OptionTable> {
  readonly options: OptionValues<Table>;
  readonly operands: readonly string[];
  /** Undefined: there was neither a `--` nor a surplus operand. */
  readonly rest: readonly string[] | undefined;
  /** `-h` or `--help` came; nothing after it was looked at. */
  readonly help: boolean;
}

type Word = { readonly option: Option; readonly key: string };

function optionNames(table: OptionTable): Map<string, Word> {
  const names = new Map<string, Word>();
  for (const [key, option] of Object.entries(table)) {
    for (const name of option.names) names.set(name, { option, key });
  }
  return names;
}

function parseFlag(name: string, text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new UsageError(`${name}: expected no value, =true or =false, got ${quoted(text)}`);
}

function parseValue(name: string, option: Exclude<Option, { kind: 'flag' }>, text: string): unknown {
  try {
    return option.parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${name}: ${error.message}`, { hint: error.hint, cause: error.cause });
  }
}

/**
 * Takes the arguments after the command's name and gives options, operands and the rest.
 *
 * The conventions are those of getopt_long(3) as podman's users know them: `--name value`, `--name=value`, `-n value`,
 * `-nvalue`, flags combine (`-it`), `-` is an operand, `--` ends the options. Every argument is looked at once and what
 * follows the command's first word not at all, so a command of 100 kB costs nothing. Throws UsageError.
 */
export function parseArguments<const Table extends OptionTable>(
  table: Table,
  rule: OperandRule<Table>,
  words: readonly string[],
): ParsedArguments<Table> {
  const names = optionNames(table);
  const options: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    options[key] = option.kind === 'flag' ? false : option.kind === 'list' ? [] : undefined;
  }
  // The loop below fills every key with what its option's kind calls for.
  const values = options as OptionValues<Table>;
  const operands: string[] = [];
  const result = (rest: readonly string[] | undefined, help = false) => ({ options: values, operands, rest, help });

  const assign = ({ option, key }: Word, name: string, text: string | undefined): void => {
    if (option.kind === 'flag') {
      options[key] = text === undefined ? true : parseFlag(name, text);
    } else if (text === undefined) {
      throw new UsageError(`${name} needs a value: ${name} ${option.placeholder}`);
    } else if (option.kind === 'list') {
      (options[key] as unknown[]).push(parseValue(name, option, text));
    } else {
      options[key] = parseValue(name, option, text);
    }
  };
  const known = (name: string, word: string): Word => {
    const found = names.get(name);
    if (found) return found;
    const nearest = name.startsWith('--') ? didYouMean(name, [...names.keys(), '--help']) : undefined;
    const inside = word === name ? '' : ` in ${quoted(word)}`;
    throw new UsageError(`unknown option ${quoted(name)}${inside}`, { hint: nearest && `did you mean ${nearest}?` });
  };

  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return result(words.slice(at + 1));
    if (word === '-h' || word === '--help') return result(undefined, true);
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = equals === -1 ? word : word.slice(0, equals);
      const found = known(name, name);
      if (equals !== -1) assign(found, name, word.slice(equals + 1));
      else if (found.option.kind === 'flag') assign(found, name, undefined);
      else assign(found, name, words[++at]);
    } else if (word.startsWith('-') && word !== '-') {
      for (let letter = 1; letter < word.length; letter++) {
        const name = `-${word[letter]}`;
        if (name === '-h') return result(undefined, true);
        const found = known(name, word);
        const following = word.slice(letter + 1);
        if (found.option.kind === 'flag') {
          if (!following.startsWith('=')) {
            assign(found, name, undefined);
            continue;
          }
          assign(found, name, following.slice(1));
        } else {
          assign(found, name, following === '' ? words[++at] : following.replace(/^=/, ''));
        }
        break;
      }
    } else if (operands.length < rule.limit(values)) {
      operands.push(word);
    } else if (rule.surplus === 'starts the rest') {
      return result(words.slice(at));
    } else {
      throw new UsageError(`unexpected argument ${quoted(word)}`);
    }
  }
  return result(undefined);
}
