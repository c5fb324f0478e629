const MOST_CHARACTERS = 300;

/**
 * Takes text of a registry or an image and gives it for a sentence: one line without control characters and what changes
 * the direction of writing, and not longer than `most` characters.
 */
export function plainText(unsafeText: string, most: number = MOST_CHARACTERS): string {
  const line = unsafeText
    .slice(0, most * 4)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  const characters = [...line];
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : line;
}

/** The same in quotes, for a name or a value. */
export function shownText(unsafeText: string): string {
  return JSON.stringify(plainText(unsafeText, 100));
}
