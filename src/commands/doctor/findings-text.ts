import type { Finding } from '../../doctor/finding.ts';
import type { Colours, Paint } from '../../ui/colour.ts';
import { printable } from '../../ui/printable.ts';

function markOf(state: Finding['state'], colours: Colours): string {
  const marks: Readonly<Record<Finding['state'], readonly [mark: string, paint: Paint]>> = {
    ok: ['ok     ', colours.good],
    info: ['info   ', colours.faint],
    warning: ['warning', colours.warning],
    error: ['error  ', colours.bad],
  };
  const [mark, paint] = marks[state];
  return paint(mark);
}

function indented(text: string, by: string): string {
  return printable(text)
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '\n' : `${by}${line}\n`))
    .join('');
}

/** Takes findings and gives them as people read them: state and title, then what was seen, then what mends it. */
export function findingsText(findings: readonly Finding[], colours: Colours): string {
  const blocks = findings.map(({ state, title, detail, remedy, file }) => {
    let text = `${markOf(state, colours)}  ${colours.strong(printable(title))}\n`;
    if (detail !== '') text += indented(detail, '         ');
    if (remedy !== undefined) text += `         ${colours.strong('to mend it:')}\n${indented(remedy, '           ')}`;
    if (file !== undefined) {
      text += `         ${colours.strong(`${printable(file.path)}:`)}\n${indented(file.content, '           ')}`;
    }
    return text;
  });
  const count = (wanted: Finding['state']): number => findings.filter(({ state }) => state === wanted).length;
  const plural = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
  return `${blocks.join('')}\n${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}\n`;
}
