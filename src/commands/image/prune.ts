import { defineCommand } from '../arguments/command.ts';
import { flag } from '../arguments/option.ts';

export const prune = defineCommand({
  name: 'image prune',
  category: 'Images',
  description: 'Remove images that nothing uses',
  operands: '',
  details: `
    Removes images whose name went over to a newer one, and with \`--all\` every image that no sandbox was made from; then
    what is left over of blobs and layers. Asks before, on a terminal.
  `,
  examples: [
    ['What newer images replaced', 'sandbox image prune'],
    ['Everything that no sandbox needs, without a question', 'sandbox image prune --all --force'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    all: flag(['-a', '--all'], 'Also images with a name'),
    force: flag(['-f', '--force'], 'Do not ask'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { isConfirmed } = await import('../../ui/confirm.ts');
    const what = options.all ? 'all images that no sandbox was made from' : 'all images without a name';
    if (!options.force && !isConfirmed(`Remove ${what}?`)) return 0;
    const { pruneImages } = await import('../../store/remove-image.ts');
    const { ownStore } = await import('../spec/own-store.ts');
    const { printRemoved } = await import('./remove-images.ts');
    const { freeUnused } = await import('./free-unused.ts');
    for (const removed of await pruneImages(ownStore(), { all: options.all })) printRemoved(removed);
    await freeUnused();
    return 0;
  },
});
