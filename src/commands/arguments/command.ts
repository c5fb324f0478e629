import type { Completion, OptionTable } from './option.ts';
import { type OperandRule, type ParsedArguments, parseArguments } from './parse-arguments.ts';
import { UsageError } from './usage-error.ts';

/** How a command is described to people, in help and completion. */
export interface Usage {
  /** As it is typed: one word, or two where it belongs to a group. */
  readonly name: string;
  /** Heading in the list of commands; undefined: not listed. */
  readonly category: string | undefined;
  /** One line. */
  readonly description: string;
  /** What stands after the options in the usage line. */
  readonly operands: string;
  /** Paragraphs, an empty line between them; lines that start with two spaces are left as they are. */
  readonly details: string;
  readonly examples: ReadonlyArray<readonly [what: string, line: string]>;
  /** What the operands can be completed with. */
  readonly completion: Completion;
  /** What follows `--`, or the operands, is a command of its own. */
  readonly takesCommand: boolean;
}

interface CommandDefinition<Table extends OptionTable> extends Usage {
  readonly options: Table;
  readonly rule: OperandRule<Table>;
  /** Takes the words as they were typed and gives them as they are meant, where that takes more than these rules. */
  readonly meant?: (words: readonly string[]) => Promise<readonly string[]>;
  /** Does the work and gives the exit status. */
  readonly execute: (input: ParsedArguments<Table>) => Promise<number>;
}

export interface Command extends Usage {
  readonly kind: 'command';
  readonly options: OptionTable;
  /** Takes the arguments after the command's name; gives the exit status. Throws UsageError and the domains' errors. */
  readonly run: (words: readonly string[]) => Promise<number>;
}

/** Takes a command's description and work, typed by its options, and gives it as one of many. */
export function defineCommand<const Table extends OptionTable>(definition: CommandDefinition<Table>): Command {
  const { execute, rule, meant, ...usage } = definition;
  const command: Command = {
    kind: 'command',
    ...usage,
    run: async (words) => {
      try {
        const parsed = parseArguments(definition.options, rule, meant === undefined ? words : await meant(words));
        if (!parsed.help) return await execute(parsed);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        const see = `see \`sandbox ${definition.name} --help\``;
        throw new UsageError(error.message, {
          hint: error.hint === undefined ? see : `${error.hint}\n${see}`,
          cause: error.cause,
        });
      }
      const { printCommandHelp } = await import('../help-text.ts');
      printCommandHelp(command);
      return 0;
    },
  };
  return command;
}
