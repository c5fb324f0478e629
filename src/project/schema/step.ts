import * as z from 'zod';
import { key } from './describe.ts';
import { below, caches, list, name, text, variables, yesOrNo } from './values.ts';

export const inputs = () => list(below(), 'a list of paths or patterns: ["package.json", "src/**"]');

export const step = z.strictObject(
  {
    name: key(name().optional(), {
      description:
        'What the step is called in messages and in `sandbox.lock`. Two steps of an environment may not have the same name.',
      defaultText: '`step` and its number',
      examples: ['dependencies'],
    }),
    run: key(text().regex(/\S/, { error: 'a script that is not empty' }), {
      description:
        'Script for `/bin/sh`, run as root with `set -eu`. It starts in `/inputs`. What it changes in the root file system becomes a layer.',
      examples: ['cp package.json /opt/app/ && cd /opt/app && npm install'],
    }),
    inputs: key(inputs().optional(), {
      description:
        'Files, directories and patterns of the project (`*`, `?`, `[a-z]`, `**` for any depth) that the step sees, read-only, in `/inputs`, under the same paths. It sees nothing else of the project. The step is run again when their content changes, or which there are.',
      default: [],
      examples: [['package.json', 'package-lock.json', 'patches/**']],
    }),
    env: key(variables().optional(), {
      description:
        "Variables of this step, besides the image's and `SOURCE_DATE_EPOCH`. Those of the environment (`[env]`) are not the steps'.",
      default: {},
      examples: [{ CI: '1' }],
    }),
    cache: key(caches().optional(), {
      description:
        'Caches that the step sees, as `cache` of an environment. Their content does not become part of the layer.',
      default: [],
      examples: [['npm']],
    }),
    network: key(yesOrNo().optional(), {
      description:
        "Whether the step has the host's network. Without, its result cannot depend on what a server says today.",
      default: false,
    }),
    reproducible: key(yesOrNo().optional(), {
      description:
        'With `false` the result is not compared with that of `sandbox.lock`, since it is another one each time.',
      default: true,
    }),
  },
  { error: 'a table: [[steps]]' },
);

export type StepTable = z.infer<typeof step>;
