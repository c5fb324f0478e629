import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, ordinary } from '../support/inside.ts';
import { project } from '../support/project.ts';

const TOML = `
[env]
GREETING = "hello"
[env.test]
extends = "default"
env = { GREETING = "test" }
`;
const SCRIPT = '#!/bin/sh\necho "$GREETING" "$@"\n';

describe('sandbox run without --', ordinary, () => {
  it('runs a program with its options in the environment of the project', async (t) => {
    const { run } = project(t, TOML);
    const said = async (...words: readonly string[]) => (await run(['run', ...words])).stdout;
    assert.equal(await said('sh', '-c', 'echo "$GREETING" "$0" "$1"', '-x', '--'), 'hello -x --\n');
    assert.equal(await said('-e', 'GREETING=typed', 'sh', '-c', 'echo "$GREETING"'), 'typed\n');
    assert.equal(await said('test', 'sh', '-c', 'echo "$GREETING"'), 'test\n');
    const { status, stderr } = await run(['run', 'test', '-c', 'echo']);
    assert.equal(status, 125);
    assert.match(stderr, /-c: .*\n {2}hint: [\s\S]*a command stands after --: sandbox run test -- -c …/);
  });

  it('runs a path, in a project and elsewhere', async (t) => {
    const { run, write, cwd } = project(t, TOML);
    write('say', SCRIPT);
    const words = ['-x', '--network', '--', 'y'];
    assert.equal((await run(['run', '/bin/sh', './say', ...words])).stdout, 'hello -x --network -- y\n');
    assert.equal((await run(['run', '/bin/sh', `${cwd}/say`, ...words])).stdout, 'hello -x --network -- y\n');
    const user = account();
    const elsewhere = await sandbox(user, ['run', '/bin/echo', ...words], { cwd: workDirectory(t, user) });
    assert.equal(elsewhere.stdout, '-x --network -- y\n', elsewhere.stderr);
  });

  it('says where a command can stand, where what follows an image is none of its options', async (t) => {
    const user = account();
    const { status, stderr } = await sandbox(user, ['run', 'sh', '-c', 'x'], { cwd: workDirectory(t, user) });
    assert.equal(status, 125);
    assert.match(stderr, /a command stands after --: sandbox run -- sh -c …/);
  });
});
