import type { DiskUsage } from '../sandbox/disk-usage.ts';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const df = defineCommand({
  name: 'df',
  category: 'Store',
  description: 'Show what images, layers and sandboxes take on the disk',
  operands: '',
  details: `
    Sizes are those of the blocks on the disk. Active are images and layers that sandboxes were made from, and sandboxes in
    which something runs; the rest can be had back: with \`sandbox image prune --all\`, \`sandbox rm\` and \`sandbox gc\`.
  `,
  examples: [
    ['What takes the space', 'sandbox df'],
    ['For programs', 'sandbox df --json'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: { json: flag(['--json'], 'Print a JSON array') },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { diskUsage } = await import('../sandbox/disk-usage.ts');
    const { print } = await import('../ui/output.ts');
    const rows = diskUsage();
    print(options.json ? `${JSON.stringify(rows, null, 2)}\n` : await table(rows));
    return 0;
  },
});

async function table(rows: readonly DiskUsage[]): Promise<string> {
  const { tableForOutput } = await import('../ui/table.ts');
  const { byteText } = await import('../ui/quantity.ts');
  return tableForOutput<DiskUsage>(
    [
      { heading: 'TYPE', text: ({ type }) => type },
      { heading: 'TOTAL', text: ({ total }) => String(total) },
      { heading: 'ACTIVE', text: ({ active }) => String(active) },
      { heading: 'SIZE', text: ({ bytes }) => byteText(bytes) },
      { heading: 'RECLAIMABLE', text: (row) => `${byteText(row.reclaimable)}${percent(row)}` },
    ],
    rows,
  );
}

function percent({ bytes, reclaimable }: DiskUsage): string {
  return bytes === 0 ? '' : ` (${Math.round((reclaimable / bytes) * 100)}%)`;
}
