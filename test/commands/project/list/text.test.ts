import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectLists, projectText } from '../../../../src/commands/project/list/text.ts';
import { schemaText } from '../../../../src/project/schema/json-schema.ts';
import { colours } from '../../../../src/ui/colour.ts';
import { load, project } from '../../../project/load/support.ts';

const main = new URL('../../../../src/main.ts', import.meta.url).pathname;

const MAIN = `description = "Shop & co"
image = "debian:bookworm"
packages = ["make"]
[[steps]]
run = "true"
[env.test]
extends = "default"
description = "For tests"
[env.docs]
image = "pandoc"
[command.test]
description = "Run the tests"
run = "true"
environment = "test"
each = { V = [1, 2] }
[command.run]
run = """

make
make install
"""
[service.database]
run = ["postgres", "-D", "/data"]
ports = [5432]
`;

const TEXT = `shop: Shop & co

Environments
  default   debian:bookworm, 2 steps
  test      For tests
  docs      pandoc

Commands
  test      Run the tests
  do run    make…

Services
  database  postgres -D /data

\`sandbox shell [NAME]\` opens an environment,
\`sandbox NAME\` runs a command,
\`sandbox up\` starts the services,
\`sandbox help\` lists the rest.
`;

const isOwn = (name: string): boolean => name === 'run';

describe('the list of a project', () => {
  const text = MAIN.replace('the tests', 'the \u009b31mtests');

  it('is aligned, safe for a terminal, and says `do NAME` for names that are taken', async (t) => {
    const lists = projectLists(await load(t, text), isOwn);
    assert.equal(projectText(lists, colours(false)), TEXT.replace('the tests', 'the \\x9b31mtests'));
  });

  it('has its headings and names set off, and faint what nobody described', async (t) => {
    const lines = projectText(projectLists(await load(t, text), isOwn), colours(true)).split('\n');
    assert.ok(lines.includes('\x1b[1mEnvironments\x1b[22m'));
    assert.ok(lines.includes('  \x1b[1mdefault \x1b[22m  \x1b[2mdebian:bookworm, 2 steps\x1b[22m'));
    assert.ok(lines.includes('  \x1b[1mtest    \x1b[22m  For tests'));
  });

  it('leaves out what the project has not', async (t) => {
    const found = projectText(projectLists(await load(t, 'image = "a"\n'), isOwn), colours(false));
    assert.equal(
      found,
      'shop\n\nEnvironments\n  default  a\n\n`sandbox shell` opens the environment,\n`sandbox help` lists the rest.\n',
    );
  });
});

describe('sandbox in a project', () => {
  const sandbox = (cwd: string, ...args: readonly string[]) => {
    const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, env, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  it('lists what can be done there, from any directory of it', (t) => {
    const directory = project(t, MAIN);
    const below = join(directory, 'a/b');
    mkdirSync(below, { recursive: true });
    const expected = { status: 0, stdout: TEXT, stderr: '' };
    assert.deepEqual(sandbox(directory), expected);
    assert.deepEqual(sandbox(below), expected);
    assert.deepEqual(sandbox(below, 'list'), expected);
  });

  it('prints JSON for programs', (t) => {
    const directory = project(t, MAIN);
    const { status, stdout } = sandbox(directory, 'list', '--json');
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout), {
      name: 'shop',
      directory,
      description: 'Shop & co',
      environments: [
        { name: 'default', description: 'Shop & co', image: 'debian:bookworm', steps: 2 },
        { name: 'test', description: 'For tests', image: 'debian:bookworm', steps: 2 },
        { name: 'docs', image: 'pandoc', steps: 0 },
      ],
      commands: [
        {
          name: 'test',
          description: 'Run the tests',
          words: ['test'],
          run: 'true',
          environment: 'test',
          requires: [],
          services: [],
          each: { V: ['1', '2'] },
        },
        {
          name: 'run',
          words: ['do', 'run'],
          run: '\nmake\nmake install\n',
          environment: 'default',
          requires: [],
          services: [],
          each: {},
        },
      ],
      services: [
        {
          name: 'database',
          run: ['postgres', '-D', '/data'],
          environment: 'default',
          requires: [],
          ports: [5432],
        },
      ],
    });
  });

  it('tells what is wrong with the file, with 125', (t) => {
    const directory = project(t, 'imge = "a"\n');
    const { status, stdout, stderr } = sandbox(directory);
    assert.deepEqual([status, stdout], [125, '']);
    assert.equal(stderr, `sandbox: ${directory}/sandbox.toml:1:1: imge: unknown key\n  hint: did you mean image?\n`);
  });

  it('says that there is no project where there is none', () => {
    const { status, stderr } = sandbox('/', 'list');
    assert.equal(status, 125);
    assert.match(stderr, /^sandbox: there is no sandbox\.toml in \/ or above\n {2}hint: `sandbox init` writes one\n/);
  });

  it('prints the JSON Schema', () => {
    assert.deepEqual(sandbox('/', 'schema'), { status: 0, stdout: schemaText('sandbox.toml'), stderr: '' });
    const local = schemaText('sandbox.local.toml');
    assert.deepEqual(sandbox('/', 'schema', '--local'), { status: 0, stdout: local, stderr: '' });
  });
});
