import { defineCommand } from '../arguments/command.ts';
import { UsageError } from '../arguments/usage-error.ts';

export const tag = defineCommand({
  name: 'image tag',
  category: 'Images',
  description: 'Give an image more names',
  operands: 'IMAGE NAME…',
  details: `
    IMAGE must be here. A NAME without a registry is one of docker.io, and one without a tag gets \`latest\`. An image that
    had the name before stays without it: \`sandbox image prune\` removes those.
  `,
  examples: [['Keep what works today', 'sandbox image tag debian debian:known-good']],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: {},
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ operands: [unsafeName, ...unsafeNames] }) => {
    if (unsafeName === undefined || unsafeNames.length === 0) {
      throw new UsageError('expected an image and at least one name for it');
    }
    const { tagImage } = await import('./tag-image.ts');
    return await tagImage(unsafeName, unsafeNames);
  },
});
