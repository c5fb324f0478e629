import { ImageError } from './error.ts';

/** A manifest or config of more bytes is refused: OCI distribution spec, "Pushing Manifests", names this limit. */
export const MOST_JSON_BYTES = 4 * 1024 * 1024;

export type UnsafeObject = Readonly<Record<string, unknown>>;

export function invalid(what: string, why: string): ImageError {
  return new ImageError('INVALID', `${what} is not valid: ${why}`, {
    hint: 'whoever published the image must publish it again; try another tag',
  });
}

/** Takes the bytes of a JSON document and gives the object in it. Throws an ImageError 'INVALID'. */
export function parseObject(bytes: Uint8Array, what: string): UnsafeObject {
  if (bytes.length > MOST_JSON_BYTES) throw invalid(what, `it has ${bytes.length} bytes, over the limit of 4 MiB`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw invalid(what, error instanceof SyntaxError ? 'it is no JSON' : 'it is no UTF-8');
  }
  return object(value, what, 'the document');
}

/** Members that Go's encoders write as null are as good as left out. */
export function optional<T>(value: unknown, check: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : check(value);
}

export function object(value: unknown, what: string, member: string): UnsafeObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(what, `${member} is no object`);
  return value as UnsafeObject;
}

export function array(value: unknown, what: string, member: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(what, `${member} is no list`);
  return value;
}

/** A string that may be passed to the kernel: without NUL and lone surrogates. */
export function text(value: unknown, what: string, member: string): string {
  if (typeof value !== 'string') throw invalid(what, `${member} is no string`);
  if (value.includes('\0') || !value.isWellFormed())
    throw invalid(what, `${member} has a character that it must not have`);
  return value;
}

export function texts(value: unknown, what: string, member: string): string[] {
  return array(value, what, member).map((each, index) => text(each, what, `${member}[${index}]`));
}

export function stringMap(value: unknown, what: string, member: string): Record<string, string> {
  const entries = Object.entries(object(value, what, member));
  return Object.fromEntries(entries.map(([key, each]) => [text(key, what, member), text(each ?? '', what, member)]));
}
