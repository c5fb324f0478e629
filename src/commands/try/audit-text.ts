import { isatty } from 'node:tty';
import type { AuditReport, NetworkUse, RefusedCall } from '../../audit/summary.ts';
import { coloursOf } from '../../ui/colour.ts';
import { printable } from '../../ui/printable.ts';
import { tableText } from '../../ui/table.ts';

/** Of one list; all of it is in the JSON. */
const MOST_LINES = 40;
const USES: Readonly<Record<NetworkUse['use'], string>> = {
  connect: 'connect to',
  bind: 'listen on',
  sendto: 'send to',
};

/** What an audit found, for people: sections that say something, and one line where there is nothing to say. */
export function auditText(report: AuditReport): string {
  const { refused, keptAway, written, programs, network, dropped, depth } = report;
  const sections = [
    section('Refused system calls', refused.length, () => callTable(refused)),
    section('Kept away from it', keptAway.length, () => list(keptAway)),
    section('Network', network.length, () => networkTable(network)),
    section('Opened for writing outside the workspace', written.length, () => list(written)),
    section('Programs', programs.length, () => list(programs)),
    dropped === 0 ? '' : `There was more than was written down: ${dropped} calls are missing from the lists.\n`,
  ].filter((text) => text !== '');
  if (refused.length === 0) sections.unshift('No system call was refused.\n');
  if (depth === 'refused') sections.push('Files and addresses were not written down.\n');
  return `${sections.join('\n')}`;
}

function section(heading: string, size: number, body: () => string): string {
  if (size === 0) return '';
  const more = size > MOST_LINES ? `  and ${size - MOST_LINES} more (--json has all)\n` : '';
  return `${coloursOf(2).strong(heading)}\n${body()}${more}`;
}

/** Each on a line of its own, whatever it has in it. */
function list(texts: readonly string[]): string {
  return texts
    .slice(0, MOST_LINES)
    .map((text) => `  ${oneLine(text)}\n`)
    .join('');
}

function oneLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, (character) => (character === '\n' ? '\\n' : '\\t'));
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ');

/** As wide as the terminal on standard error. */
function layout() {
  const width = isatty(2) ? (process.stderr.columns || Number.POSITIVE_INFINITY) - 2 : Number.POSITIVE_INFINITY;
  return { width, colours: coloursOf(2) };
}

function callTable(calls: readonly RefusedCall[]): string {
  return indented(
    tableText<RefusedCall>(
      [
        { heading: 'CALL', text: ({ call }) => call },
        { heading: 'TIMES', text: ({ count }) => String(count) },
        { heading: 'ANSWER', text: ({ errno }) => errno },
        { heading: 'ASKED FOR', text: ({ arguments: texts }) => texts.map(oneLine).join('; '), mayShrink: true },
      ],
      calls.slice(0, MOST_LINES),
      layout(),
    ),
  );
}

function networkTable(uses: readonly NetworkUse[]): string {
  return indented(
    tableText<NetworkUse>(
      [
        { heading: 'USE', text: ({ use }) => USES[use] },
        { heading: 'ADDRESS', text: ({ text }) => oneLine(text), mayShrink: true },
        { heading: 'WAY', text: ({ keptAway }) => (keptAway ? 'none' : 'open') },
      ],
      uses.slice(0, MOST_LINES),
      layout(),
    ),
  );
}
