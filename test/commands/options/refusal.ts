import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';

/** Asserts that each text is refused by a UsageError whose message fits the pattern and quotes what was given. */
export function refuses(parse: (text: string) => unknown, pattern: RegExp, texts: readonly string[]): void {
  for (const text of texts) {
    assert.throws(
      () => parse(text),
      (error: unknown) => {
        assert(error instanceof UsageError, `${JSON.stringify(text)}: ${String(error)}`);
        assert.match(error.message, pattern);
        return true;
      },
      JSON.stringify(text),
    );
  }
}

/** Runs a parser on any text: it gives a value or throws a UsageError, nothing else. */
export function parsesOrRefuses(parse: (text: string) => unknown, text: string): void {
  try {
    parse(text);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
  }
}

/** Any text at all: control characters and lone surrogates, which stand for bytes that are not UTF-8, included. */
export const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
});
