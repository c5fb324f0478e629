import type { Pointer, Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { InheritedVariables, SetupOp } from '../operations.ts';
import { expectBeginning } from './begins-with.ts';
import { environment } from './callers-words.ts';

type Variables = Extract<SetupOp, { op: 'execute' }>['environment'];

const WORD = 8;
/** As many variables as can be taken by the beginning of their names. */
const MOST_BY_PREFIX = 64;
/** What decides the encoding of a program's texts, in this order: setlocale(3), locale(7). */
const LOCALE_VARIABLES = ['LC_ALL', 'LC_CTYPE', 'LANG'] as const;

/** What is done with a variable of the caller: a rule for each beginning, in order, `NAME=` or less of it. */
type Rule =
  /** It goes to this place; `last`: no other rule is asked. */
  | { readonly kind: 'place'; readonly beginning: string; readonly place: Pointer; readonly last: boolean }
  /** It goes behind those that there are. */
  | { readonly kind: 'append'; readonly beginning: string };

/** Gives an envp of fixed variables and of those of the launcher's own that are asked for, as they are when it runs. */
export function withCallersVariables(
  builder: ProgramBuilder,
  fixed: Variables,
  { names, prefixes, locale }: InheritedVariables,
): Slot {
  const others = names.filter((name) => !fixed.some(([known]) => known === name));
  const room = others.length + (prefixes.length > 0 ? MOST_BY_PREFIX : 0) + (locale === undefined ? 0 : 1);
  const envp = builder.writableWords(
    [...fixed.map(([name, value]) => builder.string(`${name}=${value}`)), ...new Array<number>(room + 1).fill(0)],
    `${fixed.length} variables and the caller's`,
  );
  const nowhere = builder.buffer(WORD, '&nowhere');
  const seen = locale === undefined ? undefined : builder.buffer(LOCALE_VARIABLES.length * WORD, "the caller's locale");
  const placeOf = (name: string): Pointer | undefined => {
    const index = fixed.findIndex(([known]) => known === name);
    return index === -1 ? undefined : builder.behind(envp, index * WORD);
  };
  const rules: Rule[] = [
    ...(seen === undefined
      ? []
      : LOCALE_VARIABLES.map(
          (name, index): Rule => ({
            kind: 'place',
            beginning: `${name}=`,
            place: builder.behind(seen, index * WORD),
            last: false,
          }),
        )),
    ...names.map((name): Rule => {
      const place = placeOf(name);
      const beginning = `${name}=`;
      return place === undefined ? { kind: 'append', beginning } : { kind: 'place', beginning, place, last: true };
    }),
    ...fixed
      .filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))
      .map(([name]): Rule => ({ kind: 'place', beginning: `${name}=`, place: nowhere, last: true })),
    ...prefixes.map((beginning): Rule => ({ kind: 'append', beginning })),
  ];
  const cursor = builder.slot('end of the variables');
  builder.move(cursor, builder.behind(envp, fixed.length * WORD));
  const limit = builder.behind(envp, (fixed.length + room - (locale === undefined ? 0 : 1)) * WORD);
  select(builder, rules, { cursor, limit });
  if (locale !== undefined && seen !== undefined) {
    const [name, value] = locale;
    appendIfUtf8(builder, seen, { cursor, variable: builder.string(`${name}=${value}`) });
  }
  const result = builder.scratch('envp');
  builder.move(result, envp);
  return result;
}

const PLACE = WORD;
const LAST = 2 * WORD;
const RULE_SIZE = 3 * WORD;

/** Goes through the caller's variables, and for each through the rules. */
function select(builder: ProgramBuilder, rules: readonly Rule[], to: { cursor: Slot; limit: Pointer }): void {
  const table = builder.words(
    [
      ...rules.flatMap((rule) => [
        builder.string(rule.beginning),
        rule.kind === 'place' ? rule.place : 0,
        rule.kind === 'append' || rule.last ? 1 : 0,
      ]),
      0,
    ],
    rules.map(({ beginning }) => beginning).join(', '),
  );
  const entry = environment(builder);
  const [variable, rule, wanted, found, place] = ['variable', 'rule', 'wanted', 'found', 'place'].map((name) =>
    builder.scratch(name),
  ) as [Slot, Slot, Slot, Slot, Slot];
  const nextVariable = builder.label('next variable');
  const nextRule = builder.label('next rule');
  const differs = builder.label('another name');
  const append = builder.label('append');
  const done = builder.label('variables are chosen');
  builder.place(nextVariable);
  builder.load(variable, 64, entry, 0);
  builder.branch(variable, 'equal', 0, done);
  builder.compute(entry, 'add', entry, WORD);
  builder.move(rule, table);
  builder.place(nextRule);
  builder.load(wanted, 64, rule, 0);
  builder.branch(wanted, 'equal', 0, nextVariable);
  builder.move(found, variable);
  expectBeginning(builder, found, wanted, differs);
  builder.load(place, 64, rule, PLACE);
  builder.branch(place, 'equal', 0, append);
  builder.store(64, place, 0, variable);
  builder.load(place, 64, rule, LAST);
  builder.branch(place, 'notEqual', 0, nextVariable);
  builder.place(differs);
  builder.compute(rule, 'add', rule, RULE_SIZE);
  builder.jump(nextRule);
  builder.place(append);
  builder.branch(to.cursor, 'greaterOrEqual', to.limit, nextVariable);
  builder.store(64, to.cursor, 0, variable);
  builder.compute(to.cursor, 'add', to.cursor, WORD);
  builder.jump(nextVariable);
  builder.place(done);
}

/** Appends `variable` if the first of the caller's locale variables that says something ends in UTF-8, or utf8. */
function appendIfUtf8(builder: ProgramBuilder, seen: Pointer, to: { cursor: Slot; variable: Pointer }): void {
  const value = builder.scratch('locale');
  const letter = builder.scratch('letter');
  const found = builder.label('locale is known');
  const done = builder.label('locale is chosen');
  LOCALE_VARIABLES.forEach((name, index) => {
    const next = builder.label('next locale variable');
    builder.load(value, 64, seen, index * WORD);
    builder.branch(value, 'equal', 0, next);
    builder.compute(value, 'add', value, name.length + 1);
    builder.load(letter, 8, value, 0);
    builder.branch(letter, 'notEqual', 0, found);
    builder.place(next);
  });
  builder.jump(done);
  builder.place(found);
  const end = builder.label('end of the locale');
  builder.place(end);
  builder.compute(value, 'add', value, 1);
  builder.load(letter, 8, value, 0);
  builder.branch(letter, 'notEqual', 0, end);
  // Backwards: what stands before the value is its name and `=`, which are no letters of this.
  const noDash = builder.label('no dash');
  const previous = (): void => {
    builder.compute(value, 'subtract', value, 1);
    builder.load(letter, 8, value, 0);
  };
  previous();
  builder.branch(letter, 'notEqual', '8'.charCodeAt(0), done);
  previous();
  builder.branch(letter, 'notEqual', '-'.charCodeAt(0), noDash);
  previous();
  builder.place(noDash);
  for (const [index, wanted] of ['f', 't', 'u'].entries()) {
    if (index > 0) previous();
    builder.compute(letter, 'or', letter, LOWER_CASE);
    builder.branch(letter, 'notEqual', wanted.charCodeAt(0), done);
  }
  builder.store(64, to.cursor, 0, to.variable);
  builder.place(done);
}

/** What tells small letters from capitals in ASCII. */
const LOWER_CASE = 0x20;
