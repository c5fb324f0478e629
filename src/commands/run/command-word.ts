import type { OptionTable } from '../arguments/option.ts';
import { type OperandRule, parseArguments } from '../arguments/parse-arguments.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { HOST_IMAGE } from '../spec/image-operand.ts';

/** What is looked up about a word that could be an environment, an image, or a program. */
export interface WordFacts {
  readonly isInProject: boolean;
  readonly isEnvironment: (word: string) => Promise<boolean>;
  /** Whether an image of that name is here, or config.toml has the name as an alias. */
  readonly isImage: (word: string) => Promise<boolean>;
}

/** How `run` reads its words otherwise. */
interface Reading<Table extends OptionTable> {
  readonly table: Table;
  readonly rule: OperandRule<Table>;
}

/** A path is no image, whatever stands behind it. */
const PATH = /^(?:\/|\.\.?\/)/;
/** What an image's name can be that is typed without registry, namespace, tag and digest; a program's is no other. */
const PLAIN = /^[^/:@]+$/;
/** The beginning of an image's id is a name of it. */
const ID = /^[0-9a-f]{12,64}$/;

/**
 * Takes the words after `run` and gives them with a `--` before the word that begins a command, where one was left out and there
 * is no doubt: before a path; and in a project before a plain word that is neither an environment nor an image here, if what
 * follows cannot be read as options of ours: `sandbox run sh -c 'make all'`. Every other line means what it says without this.
 */
export async function withCommandMarked<const Table extends OptionTable>(
  words: readonly string[],
  { table, rule }: Reading<Table>,
  lookUp: () => Promise<WordFacts>,
): Promise<readonly string[]> {
  const { rest, options } = parseArguments(table, { limit: () => 0, surplus: 'starts the rest' }, words);
  const [word, next] = rest ?? [];
  if (rest === undefined || word === undefined) return words;
  const at = words.length - rest.length;
  if (words[at - 1] === '--' || rule.limit(options) === 0) return words;
  const marked = [...words.slice(0, at), '--', ...rest];
  if (PATH.test(word)) return marked;
  if (next === undefined || !next.startsWith('-') || next === '-' || next === '--') return words;
  try {
    parseArguments(table, rule, words);
    return words;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const facts = await lookUp();
    const isPlain = PLAIN.test(word) && !ID.test(word) && word !== HOST_IMAGE;
    const isImage = !isPlain || (await facts.isImage(word));
    if (!isImage && facts.isInProject && !(await facts.isEnvironment(word))) return marked;
    const command = isImage || facts.isInProject ? `${word} -- ${next}` : `-- ${word} ${next}`;
    const own = error.hint === undefined ? [] : [error.hint];
    const hint = [...own, `a command stands after --: sandbox run ${command} …`].join('\n');
    throw new UsageError(error.message, { hint, cause: error.cause });
  }
}
