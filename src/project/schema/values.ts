import * as z from 'zod';

/*
 * Values of sandbox.toml. Each has words that follow "expected" in messages: errors.ts.
 */

/** In a class of a pattern. */
export const CONTROL = '\\u0000-\\u001f\\u007f';
/** Names of environments, commands, services and steps. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const NAME_WORDS = "a name: up to 64 letters, digits, '.', '_' and '-', a letter or digit first";
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Relative, below the project: no `..`, no empty part, no leading slash or `~`. */
const BELOW = new RegExp(`^(?!/|~(?:/|$))(?!(?:.*/)?\\.\\.(?:/|$))[^${CONTROL}]{1,4096}$`);
const INSIDE = new RegExp(`^/[^${CONTROL}]{0,4095}$`);

/** Text of any kind; NUL is refused everywhere: document.ts. */
export const text = () => z.string({ error: 'a string in quotes' });
export const line = (most: number) =>
  text().regex(new RegExp(`^[^${CONTROL}]{1,${most}}$`), { error: `a line of up to ${most} characters` });
export const matching = (pattern: RegExp, words: string) => text().regex(pattern, { error: words });
export const yesOrNo = () => z.boolean({ error: 'true or false' });
export const oneOf = <const Word extends string>(words: readonly Word[]) =>
  z.enum(words, { error: `one of ${words.join(', ')}` });
export const list = <Item extends z.ZodType>(item: Item, words: string) => z.array(item, { error: words });
export const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
export const seconds = (least: number) => {
  const error = `seconds, from ${least} to 86400`;
  return z.number({ error }).min(least, { error }).max(86_400, { error });
};

export const name = () => matching(NAME, NAME_WORDS);
export const names = (example: string) => list(name(), `a list of names: ["${example}"]`);
export const below = () => matching(BELOW, 'a path below the project: no / or ~ first, no .. in it');
export const inside = () => matching(INSIDE, 'an absolute path inside, which starts with /');
export const port = () => whole(1, 65_535);

/** The value of a variable: TOML's 3.10 is the number 3.1, so such a one has to be a string. */
export const scalar = () =>
  z.union([text(), z.int({ error: 'a whole number, or text: 3.10 would be 3.1 without its quotes' }), z.boolean()], {
    error: 'a string in quotes, a whole number, true or false',
  });
export const variableName = () => matching(VARIABLE, "a variable's name: letters, digits and '_', no digit first");
export const variables = () =>
  z.record(variableName(), scalar(), { error: 'a table of variables: { NAME = "value" }' });

/** `NAME`, `NAME:GROUP`, `UID`, `UID:GID`. */
export const user = () =>
  z.union(
    [
      matching(
        /^(?:\d{1,10}(?::\d{1,10})?|[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?(?::[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?)?)$/,
        'UID, UID:GID, NAME or NAME:GROUP',
      ),
      whole(0, 0xffff_fffe),
    ],
    { error: 'a user: "1000", "1000:1000" or "www-data"' },
  );

/** A script for /bin/sh -c, or a program and its arguments. */
export const run = () =>
  z.union(
    [
      text().regex(/\S/, { error: 'a script that is not empty' }),
      list(text(), 'a list').min(1, { error: 'a program' }),
    ],
    { error: 'a script in quotes, or a list: ["program", "argument"]' },
  );

const KNOWN_CACHES = ['apt', 'cargo', 'go', 'npm', 'pip'] as const;
export const isKnownCache = (word: string): word is (typeof KNOWN_CACHES)[number] =>
  KNOWN_CACHES.some((each) => each === word);
const CACHE = `one of ${KNOWN_CACHES.join(', ')}, or an absolute path inside`;
export const caches = () =>
  list(z.union([oneOf(KNOWN_CACHES), matching(INSIDE, CACHE)], { error: CACHE }), 'a list: ["npm"]');
