import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { gone, sleepers, uniqueDuration } from '../faults/support/leftovers.ts';
import { onTerminal, ordinary } from '../faults/support/place.ts';
import { project } from '../support/project.ts';

const toml = (duration: string): string => `
[service.db]
run = "echo started >> /tmp/db; exec sleep ${duration}"
ready = { file = "/tmp/db" }

[command.ask]
run = 'echo "$1 $(cat /tmp/db)"; exit 4'
services = ["db"]

[command.more]
run = 'cat /tmp/db'
requires = ["ask"]

[command.watched]
run = 'echo "it is $(cat text) $(cat /tmp/db)"'
services = ["db"]
watch = ["text"]
`;

describe('a command with services', ordinary, () => {
  it('has them started for its time', async (t) => {
    const duration = uniqueDuration();
    const { run } = project(t, toml(duration));
    const { status, stdout, stderr } = await run(['ask', 'word']);
    assert.deepEqual([status, stdout], [4, 'word started\n'], stderr);
    await gone('the service', () => sleepers(duration));
    const required = await run(['more']);
    assert.deepEqual([required.status, required.stdout], [4, ' started\n']);
    assert.match(required.stderr, /more is not run: ask failed: status 4/);
  });

  it('joins those that are up, and leaves them up; options of the sandbox have no effect then', async (t) => {
    const duration = uniqueDuration();
    const { run } = project(t, toml(duration));
    const up = await run(['up', '--detach']);
    assert.equal(up.status, 0, up.stderr);
    t.after(() => {
      for (const pid of sleepers(duration)) process.kill(pid, 'SIGKILL');
    });
    const joined = await run(['do', '-e', 'A=1', '--network', 'none', 'ask', 'joined']);
    assert.deepEqual([joined.status, joined.stdout], [4, 'joined started\n'], joined.stderr);
    assert.match(joined.stderr, /without effect, since the sandbox of the services is joined: --network\n/);
    assert.equal((await run(['run', '--', 'cat', '/tmp/db'])).stdout, 'started\n');
    assert.equal(sleepers(duration).length, 1);
    assert.equal((await run(['down'])).status, 0);
    await gone('the service', () => sleepers(duration));
  });

  it('says that the environment has changed since they were started', async (t) => {
    const duration = uniqueDuration();
    const { run, write } = project(t, toml(duration));
    assert.equal((await run(['up', '--detach'])).status, 0);
    write('sandbox.toml', `image = "host"\nenv = { NEW = "1" }\n${toml(duration)}`);
    const { stderr, stdout } = await run(['run', '--', 'cat', '/tmp/db']);
    assert.equal(stdout, 'started\n');
    assert.match(stderr, /the environment has changed since its services were started: `sandbox down`/);
    assert.equal((await run(['down'])).status, 0);
    assert.equal((await run(['run', '--', 'sh', '-c', 'echo $NEW'])).stdout, '1\n');
  });
});

describe('a watched command with services', onTerminal, () => {
  it('has them started once, and ended with it', async (t) => {
    const duration = uniqueDuration();
    const { user, cwd, env, write } = project(t, toml(duration));
    write('text', 'one');
    const words = [user.sandbox, 'do', '--watch', 'watched'];
    const terminal = await Terminal.open(t, user, words, { cwd, env: { ...env } });
    await terminal.see(/it is one started\r\n/);
    await terminal.see(/waiting for a change/);
    write('text', 'two');
    await terminal.see(/it is two started\r\n/);
    await terminal.see(/waiting for a change/);
    terminal.type('\x03');
    assert.equal(await terminal.end(), 130);
    await gone('the service', () => sleepers(duration));
  });
});
