import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const gc = defineCommand({
  name: 'gc',
  category: 'Store',
  description: 'Remove what nothing in the store uses any more',
  operands: '',
  details: `
    Removes blobs and layers that no image and no sandbox needs, interrupted downloads of more than a day ago, launchers
    and copies of the host's directories that are out of date, and what killed processes left. Images and sandboxes stay:
    see \`sandbox image prune\` and \`sandbox rm\`.

    Waits until no other command pulls or loads an image.
  `,
  examples: [
    ['Free what can be freed without a loss', 'sandbox gc'],
    ['Also give up interrupted downloads', 'sandbox gc --all'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    all: flag(['-a', '--all'], 'Also younger downloads and all compiled launchers'),
    json: flag(['--json'], 'Print a JSON object'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { collectAll } = await import('../sandbox/garbage-all.ts');
    const { note, print } = await import('../ui/output.ts');
    const { waitNote } = await import('./store/wait-note.ts');
    const { collected, bytes } = await collectAll({ all: options.all, onWait: waitNote });
    const { blobs, partials, asides, launchers, layers, work, damaged } = collected;
    for (const name of damaged) {
      note(`the image ${name} is damaged, so no blob and no layer was removed: pull it again, or remove it`);
    }
    if (options.json) {
      const counts = {
        blobs: blobs.count,
        layers: layers.length,
        downloads: partials.count,
        launchers: launchers.count,
        leftovers: asides.count + work.length,
      };
      print(`${JSON.stringify({ bytes, ...counts, damaged }, null, 2)}\n`);
      return 0;
    }
    const { byteText } = await import('../ui/quantity.ts');
    const said = [
      counted(blobs.count, 'blob'),
      counted(layers.length, 'layer'),
      counted(partials.count, 'interrupted download'),
      counted(launchers.count, 'launcher'),
      counted(asides.count + work.length, 'leftover'),
    ].filter((text) => text !== '');
    print(`${said.length === 0 ? '' : `removed ${said.join(', ')}\n`}freed ${byteText(bytes)}\n`);
    return 0;
  },
});

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}
