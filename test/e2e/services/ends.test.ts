import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { test } from 'node:test';
import { projectPath } from '../../../src/store/projects.ts';
import { Terminal } from '../../support/terminal.ts';
import { eventually, gone, sleepers, uniqueDuration } from '../faults/support/leftovers.ts';
import { project } from '../support/project.ts';
import { EACH_KIND, services } from './support.ts';

test(
  'a service that crashes is told with its status, the others are stopped, and the status is 1',
  services,
  async (t) => {
    const shop = project(
      t,
      `
[service.steady]
run = "trap 'echo steady ends; exit' TERM; while :; do sleep 0.1; done"
[service.crash]
run = "echo going down; sleep 0.5; exit 7"
requires = ["steady"]
`,
    );
    const up = shop.up();
    assert.equal(await up.ended, 1);
    assert.match(up.stderr, /crash has ended with status 7\n/);
    assert.match(up.stderr, /the service crash has ended with status 7. The last of its output:\n *going down/);
    assert.match(up.stdout, /steady \| steady ends/);
    const { stdout } = await shop.run(['ps']);
    assert.match(stdout, /crash +default +failed \(7\)/);
    assert.match(stdout, /steady +default +stopped/);
  },
);

test(
  'a crash while others are not ready yet is no other; one that says that it is ready and ends is not',
  services,
  async (t) => {
    const shop = project(
      t,
      `
[service.slow]
run = "exec sleep 1000"
ready = { log = "never said" }
ready-timeout = 100
[service.crash]
run = "exit 7"
[service.liar]
run = "echo ready; exit 6"
ready = { log = "ready" }
`,
    );
    const crashed = await shop.run(['up', 'slow', 'crash']);
    assert.equal(crashed.status, 1);
    assert.match(crashed.stderr, /the service crash has ended with status 7\n/);
    const early = await shop.run(['up', 'liar', 'slow']);
    assert.match(
      early.stderr,
      /the service liar has ended with status 6( before it was ready)?\. The last of its output/,
    );
  },
);

test('with --keep-going the others stay; one that ends well never disturbs them', services, async (t) => {
  const shop = project(
    t,
    `
[service.steady]
run = "trap 'exit' TERM; while :; do echo still here; sleep 0.1; done"
[service.crash]
run = "exit 7"
[service.once]
run = "exit 0"
`,
  );
  const up = shop.up(['--keep-going']);
  await up.see('stderr', /crash has ended with status 7/);
  await up.see('stderr', /once has ended with status 0/);
  const seen = up.stdout.length;
  await eventually('the other goes on', () => up.stdout.length > seen + 50);
  assert.equal(await up.stop(), 1);
});

for (const [kind, options] of EACH_KIND) {
  test(`what a service that ends leaves in sessions of its own ends with it (${kind} account)`, options, async (t) => {
    const [left, deaf, other] = [uniqueDuration(), uniqueDuration(), uniqueDuration()];
    // A classic daemon: nobody's child, in another session, without the environment that it was started with.
    const daemon = (run: string): string => `setsid sh -c '(env -i setsid ${run}) &'`;
    const shop = project(
      t,
      `
[service.steady]
run = "${daemon(`sleep ${other}`)}; while :; do sleep 0.1; done"
[service.crash]
run = '''
${daemon(`sleep ${left}`)}
${daemon(`sh -c "trap : TERM; echo deaf; while :; do sleep ${deaf}; done"`)}
until test -e go; do sleep 0.05; done
exit 7
'''
stop-timeout = 1
`,
      kind,
    );
    const up = shop.up(['--keep-going']);
    await up.see('stdout', /crash +\| deaf/);
    const ofCrash = (): number[] => [...sleepers(left), ...sleepers(deaf)];
    await eventually('all have begun', () => ofCrash().length === 2 && sleepers(other).length === 1);
    shop.write('go', '');
    await up.see('stderr', /crash has ended with status 7/);
    assert.deepEqual(ofCrash(), []);
    assert.equal(sleepers(other).length, 1);
    assert.equal(await up.stop(), 1);
    assert.deepEqual(sleepers(other), []);
  });
}

test('a port that is taken is told with who has it, before anything starts', services, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const shop = project(t, `[service.db]\nrun = "echo must not run"\nports = [${address.port}]\n`);
  const { status, stdout, stderr } = await shop.run(['up']);
  assert.equal(status, 125);
  assert.match(stderr, new RegExp(`port ${address.port}, which the service db is to listen on, is taken by`));
  assert.equal(stdout, '');
});

test('Ctrl-C stops in order; a second one kills what takes its time', services, async (t) => {
  const shop = project(
    t,
    `
[service.slow]
run = "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done"
ready = { log = "up" }
stop-timeout = 100
`,
  );
  const argv = [shop.user.sandbox, 'up'];
  const terminal = await Terminal.open(t, shop.user, argv, { cwd: shop.cwd, env: { ...shop.env } });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the prefix is coloured
  await terminal.see(/\x1b\[36mslow \|\x1b\[0m up/);
  await terminal.see(/slow is ready/);
  terminal.type('\x03');
  await terminal.see(/stopping slow/);
  await terminal.see(/asked/);
  terminal.type('\x03');
  assert.equal(await terminal.end(), 0);
});

test('a reader that goes away ends the services in order', services, async (t) => {
  const seconds = uniqueDuration();
  const shop = project(t, `[service.a]\nrun = "sleep ${seconds} & while :; do echo line; sleep 0.05; done"\n`);
  const up = shop.up();
  await up.see('stdout', /line/);
  up.process.stdout?.destroy();
  assert.equal(await up.ended, 141);
  assert.deepEqual(sleepers(seconds), []);
});

for (const [kind, options] of EACH_KIND) {
  test(`kill -9 of who attends leaves nothing, and the next start is clean (${kind} account)`, options, async (t) => {
    const seconds = uniqueDuration();
    const shop = project(
      t,
      `
[service.a]
run = "echo written > /opt/state; setsid sleep ${seconds} & sleep ${seconds} & echo up; wait"
ready = { log = "up" }
[service.b]
run = ["sleep", "${seconds}"]
`,
      kind,
    );
    const up = shop.up();
    await up.see('stderr', /a is ready/);
    await up.see('stderr', /b is started/);
    assert.equal(sleepers(seconds).length, 3);
    up.process.kill('SIGKILL');
    await up.ended;
    await eventually('all processes are gone', () => sleepers(seconds).length === 0);
    const { stdout } = await shop.run(['ps']);
    assert.match(stdout, /a +default +stopped/);
    const again = shop.up();
    await again.see('stderr', /a is ready/);
    again.process.kill('SIGKILL');
    await again.ended;
    await gone('all processes', () => sleepers(seconds));
    assert.match((await shop.run(['down'])).stderr, /no services were running: removed what was left of them/);
    const files = readdirSync(projectPath(shop.store, shop.cwd));
    assert.deepEqual(
      files.filter((name) => /^\.services\.(json|sock)/.test(name)),
      [],
    );
    const sandboxes = readdirSync(`${shop.store}/sandboxes`);
    assert.deepEqual(
      sandboxes.filter((name) => name.startsWith(basename(shop.cwd).toLowerCase())),
      [],
    );
    assert.match((await shop.run(['down'])).stderr, /no services are running/);
  });
}

test('down from another terminal ends an up in the foreground in order', services, async (t) => {
  const seconds = uniqueDuration();
  const shop = project(
    t,
    `[service.a]\nrun = "trap 'echo ends; exit' TERM; sleep ${seconds} & echo up; wait"\nready = { log = "up" }\n`,
  );
  const up = shop.up();
  await up.see('stderr', /a is ready/);
  const { status, stderr } = await shop.run(['down']);
  assert.equal(status, 0);
  assert.match(stderr, /stopped: a\n/);
  assert.equal(await up.ended, 0);
  assert.match(up.stdout, /a \| ends/);
  assert.deepEqual(sleepers(seconds), []);
});
