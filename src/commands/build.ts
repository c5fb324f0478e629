import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { oneOf } from './options/choice.ts';
import { parseHostPath } from './options/path.ts';
import { projectOptions } from './options/project-options.ts';

export const build = defineCommand({
  name: 'build',
  category: 'Projects',
  description: "Build a project's environments",
  operands: '[ENVIRONMENT…]',
  details: `
    Pulls the image and runs the steps of sandbox.toml whose results are not there yet: \`default\`, or the environments that are
    named. A step is run again when its script, its inputs, its variables or the step before it have changed. \`sandbox shell\`,
    \`run\` and the project's commands do the same by themselves.
  `,
  examples: [
    ['What this project needs', 'sandbox build'],
    ['All that the steps say', 'sandbox build --progress plain test'],
    ['In CI: nothing that is not in sandbox.lock', 'sandbox build --frozen'],
    ['Take over what somebody else has built', 'sandbox build --cache-from ./cache'],
  ],
  completion: { kind: 'names', of: ['environments'] },
  takesCommand: false,
  options: {
    ...projectOptions,
    quiet: flag(['-q', '--quiet'], 'Show no progress'),
    progress: value(
      [['--progress'], 'STYLE', '`plain`: everything that steps write; `auto`'],
      oneOf(['auto', 'plain']),
      {
        kind: 'words',
        words: ['auto', 'plain'],
      },
    ),
    noCache: flag(['--no-cache'], 'Run all steps again'),
    cacheFrom: value([['--cache-from'], 'PATH', 'Take results from this directory or archive'], parseHostPath, {
      kind: 'files',
    }),
    cacheTo: value(
      [['--cache-to'], 'PATH', 'Write results to this directory, or to an archive (.tar)'],
      parseHostPath,
      {
        kind: 'files',
      },
    ),
    json: flag(['--json'], 'Print a JSON object'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const names = operands.length === 0 ? ['default'] : [...new Set(operands)];
    if (!options.noCache && !options.json && options.cacheTo === undefined) {
      const { isAsBuilt } = await import('./project/build/is-as-built.ts');
      if (names.every((name) => isAsBuilt(name, options))) {
        const { print } = await import('../ui/output.ts');
        if (!options.quiet) print(`${names.join(', ')}: nothing has changed\n`);
        return 0;
      }
    }
    const { buildProject } = await import('./project/build/build-project.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => await buildProject(names, options));
  },
});
