import { isatty } from 'node:tty';
import { defineCommand } from '../arguments/command.ts';
import { flag, value } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { oneOf } from '../options/choice.ts';
import { parseHostPath } from '../options/path.ts';

export const FORMATS = ['docker-archive', 'oci-archive', 'oci-dir'] as const;

export const save = defineCommand({
  name: 'image save',
  category: 'Images',
  description: 'Write images into an archive or a directory',
  operands: 'IMAGE…',
  details: `
    The archive is docker's kind unless \`--format\` says otherwise: \`docker load\`, \`podman load\` and \`skopeo copy\` take it.
    \`oci-archive\` and \`oci-dir\` are an OCI image layout with every blob as it was pulled, so digests stay.

    Without \`--output\` it goes to standard output, which must not be a terminal. A file gets its name when it is complete.
  `,
  examples: [
    ['Into a file', 'sandbox image save --output debian.tar debian'],
    ['To another machine', 'sandbox image save debian | zstd | ssh HOST sandbox image load'],
    ['As a layout', 'sandbox image save --format oci-dir --output ./layout debian alpine'],
  ],
  completion: { kind: 'names', of: ['images'] },
  takesCommand: false,
  options: {
    format: value([['--format'], 'FORMAT', 'docker-archive (the default), oci-archive or oci-dir'], oneOf(FORMATS), {
      kind: 'words',
      words: FORMATS,
    }),
    output: value([['-o', '--output'], 'FILE', 'File, or directory for oci-dir, to write'], parseHostPath, {
      kind: 'files',
    }),
    quiet: flag(['-q', '--quiet'], 'Accepted for podman: nothing is shown anyway'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    if (operands.length === 0) throw new UsageError('no image given');
    const { format = 'docker-archive', output } = options;
    if (output === undefined && format === 'oci-dir') {
      throw new UsageError('oci-dir needs a directory', { hint: 'name one: --output DIRECTORY' });
    }
    if (output === undefined && isatty(1)) {
      throw new UsageError('an archive is not written to a terminal', { hint: 'name a file: --output FILE' });
    }
    const { saveImages } = await import('./save-images.ts');
    return await saveImages(operands, { format, output });
  },
});
