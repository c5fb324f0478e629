import { ReviewError } from './error.ts';

const SPECIAL = /[*?[]/;

/** Takes what was typed and gives it without `./`, doubled and trailing slashes; `.` and an empty one mean everything. */
export function normalPattern(typed: string): string {
  const isAbsolute = typed.startsWith('/');
  const parts = typed.split('/').filter((part) => part !== '' && part !== '.');
  return `${isAbsolute ? '/' : ''}${parts.join('/')}`;
}

/**
 * Takes a pattern as git's `:(glob)` pathspecs are, gitglossary(7): `*` and `?` within a name, `**` across directories, `[…]`.
 * Gives what matches the path itself and all that lies below it.
 */
function regularExpression(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const rest = pattern.slice(at);
    const character = pattern[at] ?? '';
    const set = /^\[([!^]?)((?:\][^\]]*|[^\]]+))\]/.exec(rest);
    if (rest.startsWith('**/')) {
      source += '(?:[^/]+/)*';
      at += 2;
    } else if (rest.startsWith('**')) {
      source += '.*';
      at += 1;
    } else if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (set) {
      const [whole, negated, members = ''] = set;
      source += `(?!/)[${negated ? '^' : ''}${members.replace(/[\\\]^[]/g, '\\$&')}]`;
      at += whole.length - 1;
    } else source += character.replace(/[\\^$.|+(){}[\]/-]/g, '\\$&');
  }
  try {
    return new RegExp(`^${source}(?:/.*)?$`, 's');
  } catch {
    throw new ReviewError('NO_MATCH', `${JSON.stringify(pattern)} is no pattern`);
  }
}

/** Says for one path whether a pattern means it. A pattern is first of all a name: files may be called `a[1]`. */
function matcher(typed: string): (path: string) => boolean {
  const pattern = normalPattern(typed);
  if (pattern === '' || pattern === '/') return (path) => pattern === '' || path.startsWith('/');
  const literal = (path: string): boolean => path === pattern || path.startsWith(`${pattern}/`);
  if (!SPECIAL.test(pattern)) return literal;
  const expression = regularExpression(pattern);
  return (path) => literal(path) || expression.test(path);
}

/**
 * Gives those of `items` that the patterns mean; all of them where there is no pattern. Throws a ReviewError (NO_MATCH) that
 * names the patterns which mean nothing.
 */
export function select<T extends { readonly path: string }>(items: readonly T[], patterns: readonly string[]): T[] {
  if (patterns.length === 0) return [...items];
  const matchers = patterns.map((typed) => ({ typed, matches: matcher(typed) }));
  const idle = matchers.filter(({ matches }) => !items.some(({ path }) => matches(path)));
  if (idle.length > 0) {
    const names = idle.map(({ typed }) => JSON.stringify(typed)).join(', ');
    throw new ReviewError('NO_MATCH', `no change has the path ${names}`, {
      hint: 'paths are relative to the workspace, or absolute; a directory that was deleted as a whole is one change',
    });
  }
  return items.filter(({ path }) => matchers.some(({ matches }) => matches(path)));
}
