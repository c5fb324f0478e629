import { defineCommand } from '../arguments/command.ts';
import { flag } from '../arguments/option.ts';

export const ls = defineCommand({
  name: 'image ls',
  category: 'Images',
  description: 'List the images that are here',
  operands: '[NAME]',
  details: `
    With NAME only the images of that repository, or the one with that tag. SIZE is that of the unpacked layers; layers that
    several images have in common are on the disk once: \`sandbox df\`. Images whose name went over to a newer one are shown
    as <none> with \`--all\`; \`sandbox image prune\` removes them.
  `,
  examples: [
    ['What is here', 'sandbox image ls'],
    ['For programs', 'sandbox image ls --json'],
  ],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: {
    all: flag(['-a', '--all'], 'Also images without a name'),
    digests: flag(['--digests'], 'Show the digests of the manifests'),
    noTrunc: flag(['--no-trunc'], 'Show ids in full'),
    quiet: flag(['-q', '--quiet'], 'Print ids only'),
    json: flag(['--json'], 'Print a JSON array'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { listImages } = await import('./list-images.ts');
    const { print } = await import('../../ui/output.ts');
    print(await listImages(operands[0], options));
    return 0;
  },
});
