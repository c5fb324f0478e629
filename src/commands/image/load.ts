import { isatty } from 'node:tty';
import { defineCommand } from '../arguments/command.ts';
import { value } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { parseHostPath } from '../options/path.ts';
import { imageOptions } from '../options/sandbox-options.ts';

export const load = defineCommand({
  name: 'image load',
  category: 'Images',
  description: 'Get images from an archive or a directory',
  operands: '',
  details: `
    Takes what \`podman save\`, \`docker save\`, \`skopeo copy\` and \`sandbox image save\` write: an OCI image layout, in a
    directory or a tar archive, or an archive of docker's kind; a tar archive may be compressed with gzip or zstd. Without
    \`--input\` it is read from standard input. Every blob is verified by its digest.

    Of an image that is there for several platforms one is loaded.
  `,
  examples: [
    ['From a file', 'sandbox image load --input debian.tar.gz'],
    ['From podman', 'podman save debian | sandbox image load'],
    ['From an OCI image layout', 'sandbox image load --input ./layout'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    input: value([['-i', '--input'], 'FILE', 'Archive or directory to read'], parseHostPath, { kind: 'files' }),
    ...imageOptions,
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    if (options.input === undefined && isatty(0)) {
      throw new UsageError('there is nothing to load: standard input is a terminal', {
        hint: 'name a file: --input FILE',
      });
    }
    const { loadImages } = await import('./load-images.ts');
    return await loadImages(options);
  },
});
