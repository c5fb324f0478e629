import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { eventually } from '../support/inside.ts';
import { project, services, servicesOfBare } from './support.ts';

/** Pids of processes with a word among their arguments. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  });
}

let unique = 0;
function uniqueSeconds(): string {
  unique += 1;
  return `${100_000_000 + process.pid * 100 + unique}`;
}

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
  const terminal = await Terminal.open(t, shop.user, argv, { cwd: shop.directory });
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
  const seconds = uniqueSeconds();
  const shop = project(t, `[service.a]\nrun = "sleep ${seconds} & while :; do echo line; sleep 0.05; done"\n`);
  const up = shop.up();
  await up.see('stdout', /line/);
  up.process.stdout?.destroy();
  assert.equal(await up.ended, 141);
  assert.deepEqual(processesWith(seconds), []);
});

for (const [kind, options] of [
  ['subordinate', services],
  ['bare', servicesOfBare],
] as const) {
  test(`kill -9 of who attends leaves nothing, and the next start is clean (${kind} account)`, options, async (t) => {
    const seconds = uniqueSeconds();
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
    assert.equal(processesWith(seconds).length, 3);
    up.process.kill('SIGKILL');
    await up.ended;
    await eventually('all processes are gone', () => processesWith(seconds).length === 0);
    const { stdout } = await shop.run(['ps']);
    assert.match(stdout, /a +default +stopped/);
    const again = shop.up();
    await again.see('stderr', /a is ready/);
    assert.equal(await again.stop(), 0);
    await eventually('all processes are gone', () => processesWith(seconds).length === 0);
    const down = await shop.run(['down']);
    assert.equal(down.status, 0);
    assert.match(down.stderr, /no services are running/);
  });
}
