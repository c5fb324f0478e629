import * as z from 'zod';
import { key } from './describe.ts';
import { description, localRun, ownVariables, workdir } from './runnable.ts';
import { inputs } from './step.ts';
import { list, matching, names, run, scalar, variableName } from './values.ts';

const keys = {
  run: key(run(), {
    description:
      'What is run: a script for `/bin/sh -c`, to which the words that are typed after the name are `"$@"`; or a list of a program and its arguments, to which they are appended.',
    examples: ['npm test -- "$@"', ['npm', 'test']],
  }),
  description: description('Run the tests'),
  environment: key(matching(/^[A-Za-z0-9{][A-Za-z0-9._{}-]{0,255}$/, "an environment's name").optional(), {
    description: 'Environment in which it is run. May have a key of `each` in braces: `node{NODE}`.',
    default: 'default',
    examples: ['test', 'node{NODE}'],
  }),
  env: ownVariables({ CI: '1' }),
  workdir: workdir('packages/api'),
  requires: key(names('build').optional(), {
    description:
      'Commands that are run before, each once, in their own environments. If one fails, nothing further is run.',
    default: [],
    examples: [['build']],
  }),
  services: key(names('db').optional(), {
    description: 'Services that are to be up and ready before.',
    default: [],
    examples: [['db']],
  }),
  each: key(
    z
      .record(
        variableName(),
        list(scalar(), 'a list of values: ["18", "20"]').min(1, { error: 'at least one value' }),
        { error: 'a table of lists: { NODE = ["18", "20"] }' },
      )
      .optional(),
    {
      description: 'The command is run for every combination of these values; the keys are variables of it.',
      default: {},
      examples: [{ NODE: ['18', '20'] }],
    },
  ),
  watch: key(inputs().optional(), {
    description:
      'Patterns of files, as `inputs` of steps: with `--watch` the command is run again when one of them changes.',
    default: [],
    examples: [['src/**']],
  }),
};

const TABLE = { error: 'a table: [command.NAME]' };
export const command = z.strictObject(keys, TABLE);
/** In sandbox.local.toml, over the project's. */
export const localCommand = z.strictObject({ ...keys, run: localRun() }, TABLE);

export type CommandTable = z.infer<typeof localCommand>;
