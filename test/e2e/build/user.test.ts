import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBusybox } from '../images/support/world.ts';
import { type ProjectWorld, projectWorld } from './world.ts';

/** Of who runs it, its own directory of the image, which nobody else may look into, and the project. */
const WHO = 'id -u; stat -c %u /home/app .; test -w /home/app && echo home; test -w . && echo project; true';
const OWN_HOME = '"chown -R 1000:1000 /home/app && chmod 700 /home/app"';

function withUser({ write, registry }: ProjectWorld, user: string, more = ''): void {
  const image = `image = "${registry.host}/box:1"`;
  write('sandbox.toml', `${image}\n${user}\n[[steps]]\nrun = ${OWN_HOME}\n${more}`);
}

const lines = (text: string): string => text.trim().split('\n').join(' ');

test("an environment's `user`: a name is an account of the image, a number is you under it", withBusybox, async (t) => {
  const world = await projectWorld(t);
  withUser(world, 'user = "app"');
  assert.equal(lines(await world.shell(WHO)), '1000 1000 0 home');
  assert.equal(lines(await world.says(['run', '--', 'sh', '-c', WHO])), '1000 1000 0 home');
  assert.equal(
    lines(await world.says(['run', '--user', 'root', '--', 'sh', '-c', 'id -u'])),
    '0',
    'what is typed wins',
  );
  withUser(world, 'user = 1000');
  assert.equal(lines(await world.shell(WHO)), '1000 65534 1000 project');
  withUser(world, 'user = "nobody-here"');
  const { status, stderr } = await world.sandbox(['shell', '-c', 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /sandbox\.toml says user = "nobody-here": there is no such user in the image's \/etc\/passwd/);
});

test("a service's `user` is an account of the image, whoever the environment is", withBusybox, async (t) => {
  const world = await projectWorld(t);
  const service = (user: string): string => `
[service.db]
run = "echo $(id -u) $HOME; cd /home/app && echo data > mine && cat mine && stat -c %u:%g mine; echo done; exec sleep 1000"
user = ${user}
ready = { log = "done" }
`;
  const cases = [
    ['', '"app"'],
    ['user = "root"', '1000'],
    ['user = 1234', '"app:app"'],
    ['user = "app"', '"app"'],
  ] as const;
  for (const [environment, user] of cases) {
    withUser(world, environment, service(user));
    const up = await world.sandbox(['up', '-d']);
    const seen = await world.sandbox(['logs', 'db']);
    const down = await world.sandbox(['down']);
    assert.equal(up.status, 0, `${environment} ${user}: ${up.stderr}${seen.stdout}`);
    assert.match(seen.stdout, /1000 \/home\/app\n[\s\S]*data\n[\s\S]*1000:1000\n[\s\S]*done/, `${environment} ${user}`);
    assert.equal(down.status, 0, down.stderr);
  }
});
