import { defineCommand } from '../arguments/command.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { imageOptions } from '../options/sandbox-options.ts';

export const pull = defineCommand({
  name: 'image pull',
  category: 'Images',
  description: 'Get images from their registries',
  operands: 'IMAGE…',
  details: `
    The registry is asked what the name stands for now; layers that are here already are not downloaded again, and a pull
    that was interrupted goes on where it stopped. The id of each image is printed on standard output, progress on standard
    error. \`sandbox run\` and \`sandbox shell\` pull by themselves what is missing.
  `,
  examples: [
    ['The newest Debian', 'sandbox image pull debian'],
    ['By its digest, for another processor', 'sandbox image pull --platform linux/arm64 debian@sha256:…'],
    ['In a script', 'id=$(sandbox image pull --quiet debian)'],
  ],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: imageOptions,
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    if (operands.length === 0) throw new UsageError('no image given');
    const { pullImages } = await import('./pull-images.ts');
    return await pullImages(operands, options);
  },
});
