import { defineCommand } from '../arguments/command.ts';
import { flag } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';

export const history = defineCommand({
  name: 'image history',
  category: 'Images',
  description: 'Show how an image was built, the last step first',
  operands: 'IMAGE',
  details: `
    What the image says about itself: nobody checks it. SIZE is that of the step's layer as it is downloaded; a step that
    changed no file has none.
  `,
  examples: [['How Debian is made', 'sandbox image history debian']],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: {
    noTrunc: flag(['--no-trunc'], 'Show commands in full'),
    json: flag(['--json'], 'Print a JSON array'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands: [unsafeName] }) => {
    if (unsafeName === undefined) throw new UsageError('no image given');
    const { imageHistory } = await import('./image-history.ts');
    const { print } = await import('../../ui/output.ts');
    print(await imageHistory(unsafeName, options));
    return 0;
  },
});
