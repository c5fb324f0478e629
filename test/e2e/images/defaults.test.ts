import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { busyboxTar, imageWorld, withBusybox } from './support/world.ts';

test(
  "what runs is the image's entrypoint and command, as far as the command line says nothing else",
  withBusybox,
  async (t) => {
    const { registry, serve, says, sandbox } = await imageWorld(t);
    const both = `${registry.host}/both:1`;
    serve('both:1', { Entrypoint: ['echo', 'entry'], Cmd: ['cmd', 'x y'] });
    assert.equal(await says(['run', both]), 'entry cmd x y');
    assert.equal(await says(['run', both, 'given', 'z']), 'entry given z');
    assert.equal(await says(['run', both, '--', '--given']), 'entry --given');
    assert.equal(await says(['run', '--entrypoint', 'hostname', both]), 'sandbox');
    assert.equal(await says(['run', '--entrypoint', '["echo","a b"]', both, 'c']), 'a b c');
    assert.equal(await says(['run', '--entrypoint', '', both, 'echo', 'plain']), 'plain');
    serve('cmd:1', { Cmd: ['echo', 'cmd'] });
    assert.equal(await says(['run', `${registry.host}/cmd:1`]), 'cmd');
    assert.equal(await says(['run', `${registry.host}/cmd:1`, 'echo', 'other']), 'other');
    serve('none:1');
    const nothing = await sandbox(['run', `${registry.host}/none:1`]);
    assert.equal(nothing.status, 125);
    assert.match(nothing.stderr, /no command given, and the image names none\n {2}hint: write it after the image/);
  },
);

test("the environment is the image's above ours, and what is asked for above that", withBusybox, async (t) => {
  const { registry, serve, says } = await imageWorld(t);
  const Env = ['PATH=/opt/tools:/bin', 'A=image', 'B=image', 'EMPTY=', 'WITH=a=b', 'A=again', 'nonsense'];
  serve('env:1', { Env });
  const printed = await says(['run', '-e', 'B=asked', `${registry.host}/env:1`, 'env'], { env: { TERM: 'xterm' } });
  const variables = new Map(printed.split('\n').map((line) => line.split(/=(.*)/s) as [string, string]));
  // Where the host's time zone is: test/plan/time-zone.test.ts.
  variables.delete('TZ');
  assert.deepEqual(Object.fromEntries(variables), {
    PATH: '/opt/tools:/bin',
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    SHELL: '/bin/sh',
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    container: 'sandbox',
    A: 'again',
    B: 'asked',
    EMPTY: '',
    WITH: 'a=b',
  });
  serve('plain:1');
  assert.equal(
    await says(['run', `${registry.host}/plain:1`, 'sh', '-c', 'echo $PATH']),
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  );
});

test(
  "run starts in the image's directory, which is made, else in the workspace; a shell in the workspace",
  withBusybox,
  async (t) => {
    const { registry, serve, says, cwd } = await imageWorld(t);
    const [place, plain] = [`${registry.host}/place:1`, `${registry.host}/plain:1`];
    serve('place:1', { WorkingDir: '/srv/./new/deep' });
    serve('plain:1', { WorkingDir: '/' });
    assert.equal(await says(['run', place, 'sh', '-c', 'pwd; echo x > made; ls']), '/srv/new/deep\nmade');
    assert.equal(await says(['run', '-w', '/tmp', place, 'pwd']), '/tmp');
    assert.equal(await says(['run', plain, 'pwd']), cwd);
    assert.equal(await says(['run', '--workspace', 'none', plain, 'pwd']), '/');
    assert.equal(await says(['shell', '--rm', place, '--', 'pwd']), cwd);
    assert.equal(await says(['shell', '--rm', '--workspace', 'none', place, '--', 'pwd']), '/srv/new/deep');
  },
);

test("who runs it is the image's user, by name or number, unless --user says else", withBusybox, async (t) => {
  const { registry, serve, says, sandbox } = await imageWorld(t);
  const id = 'echo $(id -u):$(id -g) $HOME $USER';
  const cases = {
    app: '1000:1000 /home/app app',
    'app:0': '1000:0 /home/app app',
    '1000': '1000:1000 /home/app app',
    '1234:99': '1234:99 / 1234',
    root: '0:0 /root root',
    '': '0:0 /root root',
  };
  for (const [index, [User, expected]] of Object.entries(cases).entries()) {
    serve(`user:${index}`, { User });
    assert.equal(await says(['run', `${registry.host}/user:${index}`, 'sh', '-c', id]), expected, User);
  }
  assert.equal(await says(['run', '--user', 'root', `${registry.host}/user:0`, 'sh', '-c', id]), '0:0 /root root');
  assert.equal(
    await says(['shell', '--rm', `${registry.host}/user:0`, '--', 'sh', '-c', id]),
    '1000:1000 /home/app app',
  );
  for (const [tag, User, message] of [
    ['gone', 'nobody-here', /to run as "nobody-here": there is no such user in its \/etc\/passwd/],
    ['group', 'app:no-such', /to run as "app:no-such": there is no such group in its \/etc\/group/],
    ['form', 'a:b:c', /to run as "a:b:c": that is not USER or USER:GROUP/],
  ] as const) {
    serve(`bad:${tag}`, { User });
    const { status, stderr } = await sandbox(['run', `${registry.host}/bad:${tag}`, 'true']);
    assert.equal(status, 125);
    assert.match(stderr, message);
    assert.match(stderr, /hint: say who to be instead: --user root/);
    assert.equal((await sandbox(['run', '--user', 'root', `${registry.host}/bad:${tag}`, 'true'])).status, 0);
  }
});

test("the image's user can write what belongs to it", withBusybox, async (t) => {
  const { registry, serve, says } = await imageWorld(t);
  serve('app:1', { User: 'app', WorkingDir: '/home/app' });
  const script = 'echo mine > file; cat file; stat -c %u:%g . file; test -w /etc/passwd || echo not root';
  assert.equal(
    await says(['run', `${registry.host}/app:1`, 'sh', '-c', script]),
    'mine\n1000:1000\n1000:1000\nnot root',
  );
});

test('users that were added in a kept sandbox are known by name', withBusybox, async (t) => {
  const { registry, serve, says } = await imageWorld(t);
  serve('box:1');
  const add = "echo 'new:x:77:78::/srv:/bin/sh' >> /etc/passwd";
  await says(['shell', `${registry.host}/box:1`, '--', 'sh', '-c', add]);
  const id = 'echo $(id -u):$(id -g) $HOME';
  assert.equal(await says(['shell', '--user', 'new', 'box', '--', 'sh', '-c', id]), '77:78 /srv');
});

test('a config that is damaged is refused in words', withBusybox, async (t) => {
  const { registry, serve, sandbox } = await imageWorld(t);
  const cases: ReadonlyArray<readonly [config: Readonly<Record<string, unknown>>, message: RegExp]> = [
    [{ Cmd: [1] }, /the image's config is not valid: config\.Cmd\[0\] is no string/],
    [{ Entrypoint: { a: 1 } }, /config\.Entrypoint is no list/],
    [{ Env: ['A=\0'] }, /config\.Env\[0\] has a character that it must not have/],
    [{ WorkingDir: 7 }, /config\.WorkingDir is no string/],
    [{ StopSignal: 'SIGNOTHING' }, /to be stopped with "SIGNOTHING", which is no signal/],
  ];
  for (const [index, [config, message]] of cases.entries()) {
    serve(`bad:${index}`, config);
    const { status, stdout, stderr } = await sandbox(['run', `${registry.host}/bad:${index}`, 'echo', 'ran']);
    assert.deepEqual([status, stdout], [125, ''], stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /bug/);
  }
  registry.serve('index:1', { layers: [busyboxTar()], override: { config: { rootfs: { type: 'none' } } } });
  assert.match((await sandbox(['run', `${registry.host}/index:1`, 'true'])).stderr, /rootfs\.type is not "layers"/);
});

for (const User of ['root', 'app'])
  test(
    `the image's stop signal is what the command gets for a SIGTERM from outside, as ${User}`,
    withBusybox,
    async (t) => {
      const { registry, serve, user, cwd, env } = await imageWorld(t);
      serve('stop:1', { StopSignal: 'SIGUSR1', Cmd: ['sh'], User });
      const script =
        "trap 'echo usr1; exit 7' USR1; trap 'echo term; exit 8' TERM; echo ready; while :; do sleep 0.05; done";
      const argv = [user.sandbox, 'run', `${registry.host}/stop:1`, 'sh', '-c', script];
      const terminal = await Terminal.open(t, user, argv, { cwd, env });
      await terminal.see(/ready/);
      process.kill(terminal.pid, 'SIGTERM');
      await terminal.see(/usr1/);
      assert.equal(await terminal.end(), 7);
    },
  );
