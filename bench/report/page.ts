import { readFileSync, writeFileSync } from 'node:fs';

/** What stands before and after a group's results in a page. */
function marks(group: string): readonly [begin: string, end: string] {
  return [
    `<!-- measured, ${group}: written by \`npm run bench\`, what is outside of it is kept -->`,
    `<!-- /measured, ${group} -->`,
  ];
}

/** Puts `text` into a page between the two marks of a group, the rest of it unchanged. Throws where it has no such marks. */
export function writeMeasured(path: string, group: string, text: string): void {
  const page = readFileSync(path, 'utf8');
  const [before, after] = marks(group);
  const [begin, end] = [page.indexOf(before), page.indexOf(after)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no lines ${before} and ${after}`);
  writeFileSync(path, `${page.slice(0, begin + before.length)}\n\n${text.trim()}\n\n${page.slice(end)}`);
}
