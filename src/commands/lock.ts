import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';

export const lock = defineCommand({
  name: 'lock',
  category: 'Projects',
  description: 'Write sandbox.lock: exactly which images, and what the steps gave',
  operands: '[NAME]',
  details: `
    Builds all environments of the project, as far as they are not built yet, and writes down the digests of their images
    (for both processors) and of each step's recipe, inputs and result. What the lock has already stays.

    With \`--update\` the registries are asked what the names of the images mean now; with NAME, an image as sandbox.toml
    writes it or an environment, only about that one. A conflict that a merge left in the file is resolved: our side counts,
    and what it lacks is added.
  `,
  examples: [
    ['Write it, or complete it', 'sandbox lock'],
    ['Newer images', 'sandbox lock --update'],
    ['Of one image only', 'sandbox lock --update debian:bookworm'],
    ['In CI: is it complete?', 'sandbox lock --check'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    update: flag(['--update'], 'Ask the registries what the names mean now'),
    check: flag(['--check'], 'Write nothing; status 1 where it would change'),
    quiet: flag(['-q', '--quiet'], 'Show no progress'),
    json: flag(['--json'], 'Print what changed as JSON'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands: [only] }) => {
    if (only !== undefined && !options.update) {
      throw new UsageError('a name can only be given with --update', { hint: `sandbox lock --update ${only}` });
    }
    const [{ lockProject }, { orInterrupted }] = await Promise.all([
      import('./lock/lock-project.ts'),
      import('./spec/or-interrupted.ts'),
    ]);
    return await orInterrupted(async () => await lockProject({ ...options, only }));
  },
});
