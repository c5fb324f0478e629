/**
 * Takes text with parts that others chose (names, paths, messages) and gives it safe for a terminal: control characters,
 * and the surrogates that stand for bytes which are not UTF-8, become escapes. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  let safe = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = (code < 0x20 && code !== 0x0a && code !== 0x09) || (code >= 0x7f && code < 0xa0);
    const isBidi = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    if (code >= 0xdc80 && code <= 0xdcff) safe += `\\x${(code - 0xdc00).toString(16)}`;
    else if (isControl) safe += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (isBidi || (code >= 0xd800 && code <= 0xdfff)) safe += `\\u${code.toString(16)}`;
    else safe += character;
  }
  return safe;
}
