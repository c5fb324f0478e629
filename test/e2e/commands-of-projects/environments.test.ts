import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sandbox } from '../../support/user.ts';
import { ordinary } from '../faults/support/place.ts';
import { project } from '../support/project.ts';

const TOML = `
name = "shop"
[env]
GREETING = "hello"
[env.test]
extends = "default"
env = { GREETING = "test" }
[env.busybox]
image = "host"
env = { GREETING = "named like an image" }
[env.close]
extends = "default"
profile = "strict"
network = "none"
`;
const SAY = ['sh', '-c', 'echo "$GREETING $(hostname) $PWD"'];

describe('in a project', ordinary, () => {
  it('run and shell open its environment, or the one that is named, where one stands in it', async (t) => {
    const { run, write, cwd } = project(t, TOML);
    write('deep/er/file', '');
    const said = async (words: readonly string[], directory = '') => (await run(words, { in: directory })).stdout;
    assert.equal(await said(['run', '--', ...SAY]), `hello shop ${cwd}\n`);
    assert.equal(await said(['run', ...['test', ...SAY]], 'deep/er'), `test shop ${cwd}/deep/er\n`);
    assert.equal(await said(['run', 'busybox', '--', ...SAY]), `named like an image shop ${cwd}\n`);
    assert.equal(await said(['shell', '-c', SAY.at(-1) ?? '']), `hello shop ${cwd}\n`);
    assert.equal(await said(['shell', '--rm', 'test', '-c', SAY.at(-1) ?? ''], 'deep'), `test shop ${cwd}/deep\n`);
    assert.equal(await said(['shell', 'test', '-e', 'GREETING=typed', '--', ...SAY]), `typed shop ${cwd}\n`);
  });

  it('host is this machine as it is elsewhere', async (t) => {
    const { run, cwd, write } = project(t, TOML);
    assert.equal((await run(['run', 'host', '--', ...SAY])).stdout, ` sandbox ${cwd}\n`);
    // Faults of the file are no matter of those who do not use it.
    write('sandbox.toml', 'image = \n');
    assert.equal((await run(['run', 'host', '--', ...SAY])).stdout, ` sandbox ${cwd}\n`);
    for (const words of [['ps'], ['image', 'ls'], ['--version'], ['__names', 'environments', 'commands']]) {
      const { status, stderr } = await run(words);
      assert.deepEqual([status, stderr], [0, ''], words.join(' '));
    }
    for (const words of [
      ['run', '--', 'true'],
      ['shell', '-c', 'true'],
      ['run', 'debian', 'true'],
    ]) {
      const { status, stderr } = await run(words);
      assert.equal(status, 125);
      assert.match(stderr, /sandbox\.toml:1:\d+: [\s\S]*hint: without the project: sandbox run host -- COMMAND/);
    }
  });

  it('options are added to those of the environment, and win over them', async (t) => {
    const { run } = project(t, TOML);
    const interfaces = ['sh', '-c', 'ls /sys/class/net 2>/dev/null | wc -l; cat /proc/net/dev | wc -l'];
    const close = await run(['run', 'close', '--', ...interfaces]);
    const open = await run(['run', '--network', 'host', 'close', '--', ...interfaces]);
    assert.equal(close.status, 0, close.stderr);
    assert.equal(open.status, 0, open.stderr);
    assert.equal(close.stdout.split('\n')[1], '3');
    assert.notEqual(open.stdout.split('\n')[1], '3');
  });

  it('a command is expected, and steps are only of a project', async (t) => {
    const { run, user } = project(t, TOML);
    assert.match((await run(['run'])).stderr, /no command given/);
    assert.match((await run(['run', 'test'])).stderr, /no command given/);
    const outside = await sandbox(user, ['shell', '--at-step', '2'], { cwd: '/usr' });
    assert.equal(outside.status, 125);
    assert.match(outside.stderr, /--at-step: only environments of projects have steps/);
  });

  it('the directory of the shims cannot be written from inside, the rest of it can', async (t) => {
    const { run, cwd } = project(t, TOML);
    const { stdout } = await run([
      'run',
      '--',
      'sh',
      '-c',
      'echo x > file && echo written; echo x > .sandbox/x || echo refused',
    ]);
    assert.equal(stdout, 'written\nrefused\n', cwd);
  });

  it('says where a command was written in the place of an image, and where a command does not exist', async (t) => {
    const { run } = project(t, `${TOML}\n[command.check]\nrun = "true"\n`);
    const image = await run(['run', '--pull', 'never', 'no-such-program', 'words']);
    assert.equal(image.status, 125);
    assert.match(image.stderr, /no-such-program is no environment .* sandbox run -- no-such-program/);
    for (const word of ['run', 'shell']) {
      const slip = await run([word, '--pull', 'never', 'tset', '--', 'true']);
      assert.match(slip.stderr, new RegExp(`hint: did you mean the environment test\\? sandbox ${word} test\n`));
    }
    const command = await run(['qqqqqqqq']);
    assert.match(command.stderr, /no command "qqqqqqqq"\n {2}hint: `sandbox` lists those of the project/);
  });

  it('plan shows the environment', async (t) => {
    const { run, cwd } = project(t, TOML);
    const { stdout, status, stderr } = await run(['plan', 'test', '--json', '--', 'make']);
    assert.equal(status, 0, stderr);
    const { operations } = JSON.parse(stdout);
    const text = JSON.stringify(operations);
    assert(text.includes('GREETING=test') || text.includes('"GREETING"'), text.slice(0, 2000));
    assert(text.includes(`${cwd}/.sandbox`));
    assert.equal((await run(['plan'])).status, 0);
  });

  it('try leaves the project as it is, and the volumes of the environment out', async (t) => {
    const where = project(t, TOML.replace('[env]', 'volumes = ["./data:/srv/data"]\n[env]'));
    const { run } = where;
    await run(['run', 'host', '--', 'mkdir', 'data']);
    const inside = await run(['run', '--', 'sh', '-c', 'test -d /srv/data && echo there']);
    assert.equal(inside.stdout, 'there\n', inside.stderr);
    const script = 'test -d /srv/data || echo not there; echo "$GREETING"; echo x > made';
    const name = `trial-${process.pid}`;
    const tried = await run(['try', '--name', name, '--', 'sh', '-c', script]);
    assert.equal(tried.stdout, 'not there\nhello\n', tried.stderr);
    assert.match(tried.stderr, /made/);
    assert.equal((await run(['rm', '--force', name])).status, 0);
    assert.equal((await run(['run', 'host', '--', 'ls'])).stdout, 'data\nsandbox.toml\n');
  });
});
