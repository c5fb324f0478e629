import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { projectOptions } from './options/project-options.ts';

export const up = defineCommand({
  name: 'up',
  category: 'Projects',
  description: "Start the project's services and show their output",
  operands: '[SERVICE…]',
  details: `
    Starts the services of sandbox.toml, or those that are named, with the ones that they require: each when those are
    ready. Their output is shown line by line, each with the name of its service in front, and is kept: \`sandbox logs\`.

    Ctrl-C stops them in reverse order; a second one kills them. When a service crashes the others are stopped, and the exit
    status is 1. With \`--detach\` they go on in the background until \`sandbox down\`.

    While services are up, those that do not run are started beside them, and Ctrl-C stops only these; \`sandbox down\` stops
    all.

    The services of an environment share a sandbox. While it is open, \`sandbox shell\`, commands and shims join it. What
    they write outside of the project and of volumes is gone when they are stopped.
  `,
  examples: [
    ['All of them, until Ctrl-C', 'sandbox up'],
    ['The database and what it requires, in the background', 'sandbox up --detach db'],
  ],
  completion: { kind: 'names', of: ['services'] },
  takesCommand: false,
  options: {
    ...projectOptions,
    detach: flag(['-d', '--detach'], 'Go on in the background once all are ready'),
    keepGoing: flag(['--keep-going'], 'A service that crashes leaves the others running'),
    noLogPrefix: flag(['--no-log-prefix'], 'Show lines without the name of their service'),
    quiet: flag(['-q', '--quiet'], 'Show no progress of downloads and builds'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    const { bringUp } = await import('./up/bring-up.ts');
    return await orInterrupted(async () => await bringUp(operands, options));
  },
});
