import { defineCommand } from '../arguments/command.ts';
import { flag } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';

export const rm = defineCommand({
  name: 'image rm',
  category: 'Images',
  description: 'Remove images, or names of them',
  operands: 'IMAGE…',
  details: `
    An image with several names loses the one that is given; with its last name it goes, and its layers unless another image
    or a sandbox needs them. One that a sandbox was made from is only removed with \`--force\`: the sandbox goes on
    working, and what it stands on is removed after it.
  `,
  examples: [
    ['Remove one', 'sandbox image rm debian:bookworm'],
    ['By the beginning of its id, with all its names', 'sandbox image rm --force 3a1f'],
    ['Remove all that no sandbox was made from', 'sandbox image prune --all'],
  ],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: {
    force: flag(['-f', '--force'], 'Also what is in use or has several names; pass over what is not there'),
    all: flag(['-a', '--all'], 'All images'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    if (operands.length === 0 && !options.all) {
      throw new UsageError('no image given', { hint: 'name one, or use --all' });
    }
    if (operands.length > 0 && options.all) throw new UsageError('--all: expected no images besides it');
    const { removeAllImages, removeImages } = await import('./remove-images.ts');
    return options.all ? await removeAllImages(options) : await removeImages(operands, options);
  },
});
