import { SeccompError } from './error.ts';

/** A value of a JSON file that is not trusted, and where it stands there: `$.syscalls[3].args[0]`. */
export interface UnsafeJson {
  readonly file: string;
  readonly at: string;
  readonly value: unknown;
}

/** Numbers keep all their digits: JSON has 64 bits in profiles, JavaScript's numbers 53. */
const LARGEST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** Parses a file's text. Throws a SeccompError where it is not JSON. */
export function parseJson(text: string, file: string): UnsafeJson {
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  try {
    return { file, at: '$', value: JSON.parse(text, exact) };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new SeccompError('PROFILE', `${JSON.stringify(file)} is not JSON: ${cause}`, { cause: error, hint: HINT });
  }
}

const HINT = 'A profile in the form of docker and podman is wanted: see /usr/share/containers/seccomp.json.';

/** An error at a place of the file. */
export function expected({ file, at, value }: UnsafeJson, what: string): SeccompError {
  return new SeccompError('PROFILE', `${JSON.stringify(file)}: ${at} is ${show(value)}, where ${what} is expected`, {
    hint: HINT,
  });
}

/** JSON's quoting keeps control characters away from terminals. */
function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Gives the members of an object, which may have no others. */
export function members<Name extends string>(
  json: UnsafeJson,
  names: readonly Name[],
): { readonly [name in Name]: UnsafeJson } {
  const { file, at, value } = json;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected(json, 'an object');
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const [name, unsafe] of entries) {
    if (names.some((known) => known === name)) continue;
    throw expected({ file, at: `${at}[${JSON.stringify(name)}]`, value: unsafe }, `nothing but ${names.join(', ')}`);
  }
  // null is what Go writes for an empty list.
  return Object.fromEntries(
    names.map((name) => [name, { file, at: `${at}.${name}`, value: entries.get(name) ?? undefined }]),
  ) as { readonly [name in Name]: UnsafeJson };
}

/** Gives the elements of a list; none where it is missing. */
export function elements(json: UnsafeJson): UnsafeJson[] {
  const { file, at, value } = json;
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw expected(json, 'a list');
  return value.map((element: unknown, index) => ({ file, at: `${at}[${index}]`, value: element }));
}

export function stringOf(json: UnsafeJson, pattern: RegExp, what: string): string {
  if (typeof json.value !== 'string' || !pattern.test(json.value)) throw expected(json, what);
  return json.value;
}

/** Gives a whole number from 0 to `most`, as a number or, where that is not exact, in decimal. */
export function integerOf(json: UnsafeJson, most: bigint): number | string {
  const { value } = json;
  if (typeof value !== 'bigint' || value < 0n || value > most) throw expected(json, `a whole number from 0 to ${most}`);
  return value <= LARGEST_EXACT ? Number(value) : String(value);
}
