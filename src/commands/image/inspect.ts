import { defineCommand } from '../arguments/command.ts';
import { UsageError } from '../arguments/usage-error.ts';

export const inspect = defineCommand({
  name: 'image inspect',
  category: 'Images',
  description: 'Print all that is known of images, as JSON',
  operands: 'IMAGE…',
  details: 'Prints an array with an object for each image. What its members mean is in docs/images.md.',
  examples: [['The variables of an image', "sandbox image inspect debian | jq '.[0].config.env'"]],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: {},
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ operands }) => {
    if (operands.length === 0) throw new UsageError('no image given');
    const { inspectImages } = await import('./inspect-images.ts');
    const { print } = await import('../../ui/output.ts');
    print(await inspectImages(operands));
    return 0;
  },
});
