import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { unexpected } from './arguments/usage-error.ts';

function parseCount(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}$/.test(text)) throw unexpected('a number of lines, or all', text);
  return Number(text);
}

export const logs = defineCommand({
  name: 'logs',
  category: 'Projects',
  description: "Show what the project's services wrote",
  operands: '[SERVICE…]',
  details: `
    Shows the output of all services, or of those that are named, in the order in which it was written; also of services
    that have ended. Of each the last 10 to 20 MB are kept.
  `,
  examples: [
    ['The last twenty lines, and what comes', 'sandbox logs -f -n 20'],
    ['What the database said', 'sandbox logs db'],
  ],
  completion: { kind: 'names', of: ['services'] },
  takesCommand: false,
  options: {
    follow: flag(['-f', '--follow'], 'Show what comes until the services end'),
    lines: value([['-n', '--lines'], 'NUMBER', 'Only so many of the last lines (default: all)'], parseCount, {
      kind: 'words',
      words: ['10', '100', 'all'],
    }),
    timestamps: flag(['-t', '--timestamps'], 'Show when each line was written'),
    noLogPrefix: flag(['--no-log-prefix'], 'Show lines without the name of their service'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { showLogs } = await import('./logs/show-logs.ts');
    return await showLogs(operands, options);
  },
});
