/*
 * How many columns text takes in a terminal: two for East Asian wide characters and emoji (Unicode Standard Annex 11),
 * none for what combines with the character before it.
 */

/** First and last code points that are wide, in order: the blocks of UAX 11's "W" and "F", unassigned ones included. */
const WIDE: ReadonlyArray<readonly [first: number, last: number]> = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26a1, 0x26a1],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x26c4, 0x26c5],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x2753, 0x2755],
  [0x2757, 0x2757],
  [0x2795, 0x2797],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f18e],
  [0x1f191, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f7e0, 0x1f7eb],
  [0x1f90c, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

const ASCII = /^[\x20-\x7e]*$/;
const COMBINING = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

function widthOfCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.some(([first, last]) => first <= code && code <= last) ? 2 : 1;
}

/** The segmenter costs milliseconds to make: only text that needs it has it made. */
let segmenter: Intl.Segmenter | undefined;

/** What a terminal draws as one: a letter with its accents, an emoji of several parts. */
function clusters(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

function widthOfCluster(cluster: string): number {
  const widths = [...cluster].map(widthOfCharacter);
  // An emoji that joiners make of several is as wide as one.
  return cluster.includes('\u200d') ? Math.min(2, Math.max(...widths)) : widths.reduce((sum, each) => sum + each, 0);
}

/** Takes text without control characters and gives the columns that it takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  return clusters(text).reduce((sum, cluster) => sum + widthOfCluster(cluster), 0);
}

/** Takes text and a width in columns; gives the text, its end replaced by `…` where it is wider. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let columns = 1;
  for (const cluster of clusters(text)) {
    columns += widthOfCluster(cluster);
    if (columns > width) break;
    kept += cluster;
  }
  return `${kept}…`;
}

/** `fit`, and spaces up to the width. */
export function pad(text: string, width: number): string {
  const fitted = fit(text, width);
  return fitted + ' '.repeat(Math.max(0, width - widthOf(fitted)));
}
