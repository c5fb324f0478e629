/** Names that are looked up when they are completed (completion/known-names.ts); the last three are those of the project here. */
export type NameKind = 'sandboxes' | 'images' | 'host' | 'environments' | 'commands' | 'services';

/** What a shell offers when it completes a word. */
export type Completion =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  | { readonly kind: 'variables' }
  | { readonly kind: 'names'; readonly of: readonly NameKind[] }
  | { readonly kind: 'words'; readonly words: readonly string[] };

interface Described {
  /** As they are typed, dashes included, the short one first. */
  readonly names: readonly [string, ...string[]];
  /** One line for the help. */
  readonly description: string;
}

/** `--read-only`; also `--read-only=false`. */
export interface FlagOption extends Described {
  readonly kind: 'flag';
}

/** `--workdir DIR`; given twice, the last one counts. */
export interface ValueOption<T> extends Described {
  readonly kind: 'value';
  readonly placeholder: string;
  readonly completion: Completion;
  /** Turns the text into the value, or throws the UsageError of `unexpected`. */
  readonly parse: (text: string) => T;
}

/** `--env NAME`; every one counts, in order. */
export interface ListOption<T> extends Omit<ValueOption<T>, 'kind'> {
  readonly kind: 'list';
}

// `never` as a parser's argument would refuse calls; `unknown` as its result accepts every parser.
export type Option = FlagOption | ValueOption<unknown> | ListOption<unknown>;
export type OptionTable = Readonly<Record<string, Option>>;

/** The values that a table of options has after parsing, under the table's keys. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends FlagOption
    ? boolean
    : Table[Key] extends ListOption<infer T>
      ? readonly T[]
      : Table[Key] extends ValueOption<infer T>
        ? T | undefined
        : never;
};

export function flag(names: readonly [string, ...string[]], description: string): FlagOption {
  return { kind: 'flag', names, description };
}

/** `[names, placeholder, description]`, as in the line of the help. */
type Label = readonly [names: readonly [string, ...string[]], placeholder: string, description: string];

export function value<T>(label: Label, parse: (text: string) => T, completion: Completion): ValueOption<T> {
  const [names, placeholder, description] = label;
  return { kind: 'value', names, placeholder, description, parse, completion };
}

export function list<T>(label: Label, parse: (text: string) => T, completion: Completion): ListOption<T> {
  return { ...value(label, parse, completion), kind: 'list' };
}
