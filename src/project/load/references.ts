import { didYouMean } from '../../config/did-you-mean.ts';
import { cyclesOf } from './cycles.ts';
import type { Problem } from './problems.ts';

type Kind = 'environment' | 'command' | 'service';

/** Of a loop; a longer one is not read by anybody. */
const MOST_LINKS = 24;

/** `loop` begins and ends with the same name. */
export function cycle(what: string, loop: readonly string[], path: readonly string[]): Problem {
  const way = loop.length <= MOST_LINKS ? loop : [...loop.slice(0, MOST_LINKS - 2), '…', ...loop.slice(-2)];
  const message = `${what} goes round in a circle: ${way.join(' > ')}`;
  return { path, code: 'CYCLE', message, hint: 'one of them has to do without the next one', rank: 1 };
}

const TABLES: Readonly<Record<Kind, string>> = { environment: 'env', command: 'command', service: 'service' };
const MOST_NAMES = 20;

export function unknown(kind: Kind, name: string, path: readonly string[], known: Iterable<string>): Problem {
  const names = [...known].slice(0, MOST_NAMES);
  const nearest = didYouMean(name, names);
  const list = names.length === 0 ? `it would be a table [${TABLES[kind]}.NAME]` : `there are: ${names.join(', ')}`;
  return {
    path,
    code: 'UNKNOWN',
    message: `there is no ${kind} ${JSON.stringify(name)}`,
    hint: nearest === undefined ? list : `did you mean ${nearest}?`,
    rank: nearest === undefined ? 1 : 0,
  };
}

/** Adds to `problems` the names of a list that are not there. */
export function expectNames(
  kind: Kind,
  names: readonly string[],
  known: { readonly has: (name: string) => boolean; readonly keys: () => Iterable<string> },
  { path, problems }: { readonly path: readonly string[]; readonly problems: Problem[] },
): void {
  for (const [index, name] of names.entries()) {
    if (!known.has(name)) problems.push(unknown(kind, name, [...path, `${index}`], known.keys()));
  }
}

/** Adds to `problems` the ways that lead back to where they began. */
export function expectNoCycle(
  kind: 'command' | 'service',
  all: ReadonlyMap<string, { readonly requires: readonly string[] }>,
  problems: Problem[],
): void {
  const needs = new Map([...all].map(([name, { requires }]) => [name, requires]));
  for (const loop of cyclesOf(needs)) {
    const path = [kind, loop[0] ?? '', 'requires'];
    problems.push(cycle('requires', loop, path));
  }
}
