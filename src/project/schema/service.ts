import * as z from 'zod';
import { key } from './describe.ts';
import { description, localRun, ownVariables, workdir } from './runnable.ts';
import { inside, line, list, matching, name, names, port, run, seconds, text, user } from './values.ts';

const ready = z.strictObject(
  {
    tcp: key(port().optional(), { description: 'A TCP port that accepts connections.', examples: [5432] }),
    http: key(matching(/^https?:\/\/[^\s]{1,2000}$/, 'a URL: "http://127.0.0.1:3000/health"').optional(), {
      description: 'A URL that answers with a status below 400.',
      examples: ['http://127.0.0.1:3000/health'],
    }),
    command: key(text().regex(/\S/, { error: 'a script that is not empty' }).optional(), {
      description: 'A script that ends with status 0 in the sandbox of the service.',
      examples: ['pg_isready -q'],
    }),
    log: key(line(1000).optional(), {
      description: 'Text in a line of its output.',
      examples: ['ready to accept connections'],
    }),
    file: key(inside().optional(), { description: 'A file inside that is there.', examples: ['/run/app.pid'] }),
  },
  { error: 'a table: { tcp = 5432 }' },
);

const keys = {
  run: key(run(), {
    description: 'What is run, and runs on: a script for `/bin/sh -c`, or a list of a program and its arguments.',
    examples: ['exec postgres -D /data', ['node', 'server.js']],
  }),
  description: description('The database'),
  environment: key(name().optional(), {
    description: 'Environment in which it is run.',
    default: 'default',
    examples: ['db'],
  }),
  env: ownVariables({ PGDATA: '/data' }),
  workdir: workdir('server'),
  user: key(user().optional(), {
    description:
      "Account of the image, in place of the image's own user: a name or a number. Its files inside are its own, and the project belongs to root. Takes an image; on `host` set it for the environment.",
    defaultText: "the environment's",
    examples: ['postgres'],
  }),
  requires: key(names('db').optional(), {
    description: 'Services that are to be ready before; they are stopped after it.',
    default: [],
    examples: [['db']],
  }),
  ready: key(ready.optional(), {
    description: 'How it is seen that the service is ready: exactly one of `tcp`, `http`, `command`, `log` and `file`.',
    defaultText: 'ready when it is started',
    examples: [{ tcp: 5432 }],
    isChoice: true,
  }),
  'ready-timeout': key(seconds(0.1).optional(), {
    description: 'Seconds to get ready; after these it counts as failed.',
    default: 30,
  }),
  'stop-signal': key(matching(/^(?:[Ss][Ii][Gg])?[A-Za-z]{2,8}[0-9]?$/, 'a signal\'s name: "SIGTERM"').optional(), {
    description: 'Signal that asks it to end.',
    default: 'SIGTERM',
    examples: ['SIGINT'],
  }),
  'stop-timeout': key(seconds(0).optional(), {
    description: 'Seconds after that signal before it is killed.',
    default: 10,
  }),
  ports: key(list(port(), 'a list of numbers: [5432]').optional(), {
    description: 'TCP ports that it listens on. `sandbox up` says who has one that is taken.',
    default: [],
    examples: [[5432]],
  }),
};

const TABLE = { error: 'a table: [service.NAME]' };
export const service = z.strictObject(keys, TABLE);
/** In sandbox.local.toml, over the project's. */
export const localService = z.strictObject({ ...keys, run: localRun() }, TABLE);

export type ServiceTable = z.infer<typeof localService>;
