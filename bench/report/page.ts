import { readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- measured: written by `npm run bench`, what is outside of it is kept -->';
const END = '<!-- /measured -->';

/** Puts `text` into a page between its two marks, the rest of it unchanged. Throws where the page has no such marks. */
export function writeMeasured(path: string, text: string): void {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no lines ${BEGIN} and ${END}`);
  writeFileSync(path, `${page.slice(0, begin + BEGIN.length)}\n\n${text.trim()}\n\n${page.slice(end)}`);
}
