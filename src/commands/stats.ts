import { isatty } from 'node:tty';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const stats = defineCommand({
  name: 'stats',
  category: 'Sandboxes',
  description: 'Show what sandboxes use of the machine',
  operands: '[NAME…]',
  details: `
    Without a name all that run. On a terminal the table is shown anew each second until Ctrl-C; elsewhere, and with
    \`--no-stream\` or \`--json\`, once, after watching for half a second.

    CPU is in percent of one processor. PRESSURE is the share of the last ten seconds in which some process waited for
    processor, memory and disks. A sandbox without a control group has sums over its processes: no pressure, no limits.
  `,
  examples: [
    ['Watch all', 'sandbox stats'],
    ['For programs', 'sandbox stats --json website'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {
    noStream: flag(['--no-stream'], 'Show it once'),
    json: flag(['--json'], 'Print a JSON array, once'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { showStats } = await import('./stats/show-stats.ts');
    return await showStats(operands, { json: options.json, live: !options.json && !options.noStream && isatty(1) });
  },
});
