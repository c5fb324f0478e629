import * as z from 'zod';
import { key } from './describe.ts';
import { below, inside, line, run, variables } from './values.ts';

/*
 * Keys that commands and services have alike.
 */

export const description = (example: string) =>
  key(line(500).optional(), { description: 'One line about it, for lists.', examples: [example] });

export const ownVariables = (example: Readonly<Record<string, string>>) =>
  key(variables().optional(), {
    description: "Variables, besides the environment's.",
    default: {},
    examples: [example],
  });

export const workdir = (example: string) =>
  key(z.union([inside(), below()], { error: 'a path: absolute inside, or relative to the project' }).optional(), {
    description: 'Directory in which it is run: relative to the project, or absolute inside.',
    defaultText: "the environment's, else the project's directory",
    examples: [example],
  });

/** `run` in sandbox.local.toml, over the project's. */
export const localRun = () =>
  key(run().optional(), {
    description: 'What is run in place of what sandbox.toml says. Has to be there for a name that is only here.',
  });
