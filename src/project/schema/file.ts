import * as z from 'zod';
import { command, localCommand } from './command.ts';
import { key } from './describe.ts';
import { environmentKeys, localEnvironmentKeys, localNamedEnvironment, namedEnvironment } from './environment.ts';
import { localService, service } from './service.ts';
import { line, name, oneOf, scalar } from './values.ts';

const ENV_KEY = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, {
  error: "a variable's or an environment's name: letters, digits, '.', '_' and '-'",
});
const VALUE = { error: 'a string in quotes, a whole number, true or false (a variable), or a table (an environment)' };
const ENV = { error: 'a table: [env]' };

const projectKeys = {
  name: key(line(64).optional(), {
    description: "The project's name: for lists, and the host name inside.",
    defaultText: "the directory's name",
    examples: ['shop'],
  }),
  'shim-refresh': key(oneOf(['ask', 'automatic']).optional(), {
    description:
      'What a shim does whose environment has changed: `ask`: it says how to refresh it; `automatic`: it refreshes itself.',
    default: 'ask',
  }),
};

const ENV_DESCRIPTION = {
  description:
    'A string (or a whole number, or `true`, `false`) is a variable of the default environment; a table is an environment of that name. Steps do not see the variables: they have their own.',
  default: {},
  examples: [{ NODE_ENV: 'development' }],
};

const COMMANDS = {
  words: { error: 'tables: [command.NAME]' },
  about: { description: 'Commands of the project: `sandbox NAME` runs one.', default: {} },
};
const SERVICES = {
  words: { error: 'tables: [service.NAME]' },
  about: { description: 'Programs that run for long: `sandbox up` starts them.', default: {} },
};

/** sandbox.toml. */
export const projectFile = z.strictObject({
  ...projectKeys,
  ...environmentKeys,
  env: key(z.record(ENV_KEY, z.union([scalar(), namedEnvironment], VALUE), ENV).optional(), ENV_DESCRIPTION),
  command: key(z.record(name(), command, COMMANDS.words).optional(), COMMANDS.about),
  service: key(z.record(name(), service, SERVICES.words).optional(), SERVICES.about),
});

/** sandbox.local.toml. */
export const localFile = z.strictObject({
  ...projectKeys,
  ...localEnvironmentKeys,
  env: key(z.record(ENV_KEY, z.union([scalar(), localNamedEnvironment], VALUE), ENV).optional(), ENV_DESCRIPTION),
  command: key(z.record(name(), localCommand, COMMANDS.words).optional(), COMMANDS.about),
  service: key(z.record(name(), localService, SERVICES.words).optional(), SERVICES.about),
});

export type ProjectFile = z.infer<typeof projectFile>;
export type EnvironmentTable = z.infer<typeof namedEnvironment>;
