/** One challenge of a WWW-Authenticate header. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MOST_CHARACTERS = 8192;

/** Takes the headers of a 401 answer and gives its challenges; RFC 9110, section 11.6.1. What is malformed is left out. */
export function parseChallenges(unsafeHeaders: readonly string[]): Challenge[] {
  const challenges: Array<{ scheme: string; parameters: Map<string, string> }> = [];
  for (const unsafe of unsafeHeaders) {
    const text = unsafe.slice(0, MOST_CHARACTERS);
    // A parameter, or a word that no `=` follows: the next challenge's scheme.
    const tokens = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;
    for (const [, name = '', quoted, bare] of text.matchAll(tokens)) {
      const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
      if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      else challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
    }
  }
  return challenges;
}
