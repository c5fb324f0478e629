import { didYouMean } from '../../config/did-you-mean.ts';
import type { Command, Usage } from './command.ts';
import { quoted, UsageError } from './usage-error.ts';

/** Without a word after it a group does nothing, which a script should notice. */
const NOTHING_DONE = 125;

interface GroupDefinition extends Pick<Usage, 'name' | 'category' | 'description' | 'details' | 'examples'> {
  /** How to get at each command of the group by the word that is typed after the group's; in the order of the help. */
  readonly loaders: Readonly<Record<string, () => Promise<Command>>>;
}

/** Commands that share their first word: `sandbox image ls`, `sandbox image rm`. */
export interface CommandGroup extends Omit<GroupDefinition, 'loaders'> {
  readonly kind: 'group';
  /** The words that may follow. */
  readonly words: readonly string[];
  /** Gives the command of a word, undefined where there is none. */
  readonly load: (word: string) => Promise<Command | undefined>;
  /** Takes the arguments after the group's name; gives the exit status. Throws UsageError and the domains' errors. */
  readonly run: (words: readonly string[]) => Promise<number>;
}

/** Takes a group's description and its commands, of which only the one that is asked for is loaded. */
export function defineGroup({ loaders, ...usage }: GroupDefinition): CommandGroup {
  const load = async (word: string): Promise<Command | undefined> =>
    Object.hasOwn(loaders, word) ? await loaders[word]?.() : undefined;
  const group: CommandGroup = {
    kind: 'group',
    ...usage,
    words: Object.keys(loaders),
    load,
    run: async ([word, ...rest]) => {
      if (word === undefined || word === '-h' || word === '--help') {
        const { printGroupHelp } = await import('../help-text.ts');
        await printGroupHelp(group);
        return word === undefined ? NOTHING_DONE : 0;
      }
      const command = await load(word);
      if (command === undefined) throw unknownWord(group, word);
      return await command.run(rest);
    },
  };
  return group;
}

/** The error for a word that no command of the group has. */
export function unknownWord({ name, words }: CommandGroup, word: string): UsageError {
  const nearest = didYouMean(word, words);
  return new UsageError(`no command ${quoted(`${name} ${word}`)}`, {
    hint: nearest === undefined ? `see \`sandbox ${name} --help\`` : `did you mean \`sandbox ${name} ${nearest}\`?`,
  });
}
