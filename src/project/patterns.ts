/*
 * Patterns of paths, as sandbox.toml has them: relative to the project, with glob(7)'s `*`, `?` and `[…]` within a name, `**` for
 * any number of directories, and `{a,b}` for one of several. Names that begin with a dot are names like others.
 */

/** What a list of patterns says about paths, which are relative to the project, without `.` and `..`. */
export interface Patterns {
  /** Whether one of the patterns means the path, or a directory that it lies in. */
  readonly matches: (path: string) => boolean;
  /** Whether below a directory there may be something that matches; '' is the project's own. */
  readonly mayMatchBelow: (directory: string) => boolean;
}

/** A name's pattern; undefined: `**`. */
type Segment = RegExp | undefined;

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Gives every pattern that the braces of one stand for: `a.{c,h}` is `a.c` and `a.h`. */
function withoutBraces(pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (found === null) return [pattern];
  const [, before = '', choices = '', after = ''] = found;
  return choices.split(',').flatMap((choice) => withoutBraces(`${before}${choice}${after}`));
}

function nameExpression(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(\]?[^\]]*)\]|[\s\S]/g, (part, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[\\^$.|+()[\]{}]/, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`, 'su');
  } catch {
    // A range that runs backwards: as it stands, then, as glob(7) has it for what is no pattern.
    return new RegExp(`^${pattern.replace(/[\\^$.|+*?()[\]{}]/g, '\\$&')}$`, 'su');
  }
}

/** How far names go along a pattern: `all`: it means them, or a directory above; `below`: it may mean something below them. */
function follow(segments: readonly Segment[], names: readonly string[]): { all: boolean; below: boolean } {
  if (segments.length === 0) return { all: true, below: true };
  const [segment, ...rest] = segments;
  const [name, ...others] = names;
  if (segment === undefined) {
    // `src/**` is all that is in src, but not src.
    if (rest.length === 0) return { all: names.length > 0, below: true };
    const here = follow(rest, names);
    if (name === undefined) return { all: here.all, below: true };
    const further = follow(segments, others);
    return { all: here.all || further.all, below: here.below || further.below };
  }
  if (name === undefined) return { all: false, below: true };
  return segment.test(name) ? follow(rest, others) : { all: false, below: false };
}

/** Takes patterns and gives what they mean. */
export function parsePatterns(patterns: readonly string[]): Patterns {
  const parsed = patterns
    .flatMap(withoutBraces)
    .map((pattern) => namesOf(pattern).map((name): Segment => (name === '**' ? undefined : nameExpression(name))));
  return {
    matches: (path) => parsed.some((segments) => follow(segments, namesOf(path)).all),
    mayMatchBelow: (directory) => parsed.some((segments) => follow(segments, namesOf(directory)).below),
  };
}
