import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const outdated = defineCommand({
  name: 'outdated',
  category: 'Projects',
  description: 'Show which images of the project have newer ones',
  operands: '',
  details: `
    Asks the registries which digests the names of the project's images have now, and compares them with sandbox.lock.
    Nothing is pulled and nothing is changed: \`sandbox lock --update\` takes what is newer.

    The status is 0, with \`--exit-code\` 1 where something is newer, and 125 where a registry could not be asked.
  `,
  examples: [
    ['What is newer?', 'sandbox outdated'],
    ['In CI', 'sandbox outdated --exit-code'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    exitCode: flag(['--exit-code'], 'Status 1 where something is newer'),
    json: flag(['--json'], 'Print a JSON array'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const [{ showOutdated }, { orInterrupted }] = await Promise.all([
      import('./outdated/show-outdated.ts'),
      import('./spec/or-interrupted.ts'),
    ]);
    return await orInterrupted(async () => await showOutdated(options));
  },
});
