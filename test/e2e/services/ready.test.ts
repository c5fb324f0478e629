import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { eventually, gone } from '../faults/support/leftovers.ts';
import { project } from '../support/project.ts';
import { EACH_KIND, freePort, processesWith, services } from './support.ts';

for (const [kind, options] of EACH_KIND) {
  test(`ready checks of every kind (${kind} account)`, options, async (t) => {
    const [tcp, http] = [await freePort(), await freePort()];
    const shop = project(
      t,
      `
[service.tcp]
run = "sleep 0.4; exec busybox httpd -f -p ${tcp} -h /etc"
ready = { tcp = ${tcp} }
[service.http]
run = ["busybox", "httpd", "-f", "-p", "${http}", "-h", "/etc"]
ready = { http = "http://127.0.0.1:${http}/hostname" }
[service.command]
run = "sleep 0.4; touch /tmp/made; exec sleep 1000"
ready = { command = "test -e /tmp/made" }
[service.log]
run = "sleep 0.4; echo 'it is ready now'; exec sleep 1000"
ready = { log = "ready now" }
[service.file]
run = "sleep 0.4; touch /run/lock/here; exec sleep 1000"
ready = { file = "/run/lock/here" }
[service.none]
run = "exec sleep 1000"
`,
      kind,
    );
    const up = shop.up();
    for (const name of ['tcp', 'http', 'command', 'log', 'file']) {
      const [, seconds] = await up.see('stderr', new RegExp(`${name} is ready after ([\\d.]+) s`));
      if (name !== 'http') assert.ok(Number(seconds) >= 0.3, `${name} after ${seconds} s`);
    }
    await up.see('stderr', /none is started/);
    assert.equal(await up.stop(), 0);
  });
}

test('a port in a network of its own is seen from outside, and may be taken outside', services, async (t) => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { port } = address;
  const shop = project(
    t,
    `
network = "none"
[service.web]
run = ["busybox", "httpd", "-f", "-p", "${port}", "-h", "/etc"]
ready = { tcp = ${port} }
[service.checked]
run = "exec sleep 1000"
requires = ["web"]
ready = { command = "busybox wget -q -O /dev/null http://127.0.0.1:${port}/hostname" }
`,
  );
  const up = shop.up();
  await up.see('stderr', /checked is ready/);
  assert.equal(await up.stop(), 0);
});

for (const [kind, options] of EACH_KIND) {
  test(`in a network of its own too it is the status of http that counts (${kind} account)`, options, async (t) => {
    const [port, brokenPort] = [await freePort(), await freePort()];
    const asking = (one: number): number[] => processesWith(`http://localhost:${one}/health`);
    const shop = project(
      t,
      `
network = "none"
[service.web]
run = "mkdir /tmp/www; exec busybox httpd -f -p ${port} -h /tmp/www"
ready = { http = "http://localhost:${port}/health" }
[service.last]
run = "until test -e go; do sleep 0.05; done; echo ok > /tmp/www/health; exec sleep 1000"
ready = { tcp = ${port} }
[service.broken]
run = "exec busybox httpd -f -p ${brokenPort} -h /tmp"
ready = { http = "http://localhost:${brokenPort}/health" }
ready-timeout = 2
`,
      kind,
    );
    const up = shop.up(['web', 'last']);
    await up.see('stderr', /last is ready/);
    // It listens, and says 404 as yet.
    await eventually('somebody asks', () => asking(port).length > 0);
    assert.doesNotMatch(up.stderr, /web is ready/);
    shop.write('go', '');
    await up.see('stderr', /web is ready/);
    assert.equal(await up.stop(), 0);
    await gone('who asks', () => asking(port));

    const { status, stderr } = await shop.run(['up', 'broken']);
    assert.equal(status, 125);
    assert.match(stderr, /broken is not ready after 2 s: http:\S* gives no status below 400/);
    const killed = shop.up(['broken']);
    await eventually('somebody asks', () => asking(brokenPort).length > 0);
    killed.process.kill('SIGKILL');
    await killed.ended;
    await gone('who asks', () => asking(brokenPort));
  });
}

test('one that never gets ready: named with its last lines, all are stopped', services, async (t) => {
  const port = await freePort();
  const shop = project(
    t,
    `
[service.good]
run = "trap 'echo good ends; exit' TERM; while :; do sleep 0.1; done"
[service.never]
run = "echo I wait for nothing; echo and say so; exec sleep 1000"
requires = ["good"]
ready = { tcp = ${port} }
ready-timeout = 1
[service.after]
run = "echo must not run"
requires = ["never"]
`,
  );
  const { status, stdout, stderr } = await shop.run(['up']);
  assert.equal(status, 125);
  assert.match(
    stderr,
    new RegExp(
      `the service never is not ready after 1 s: nothing listens on port ${port}. The last of its output:` +
        '\n *I wait for nothing\n *and say so\n',
    ),
  );
  assert.match(stderr, /hint: .*sandbox logs never/);
  assert.match(stdout, /good\s+\| good ends/);
  assert.doesNotMatch(stdout, /must not run/);
  const left = await shop.run(['ps', '--all', '--json']);
  assert.doesNotMatch(left.stdout, new RegExp(shop.cwd));
});

test('one that ends before it is ready does not have to be waited for', services, async (t) => {
  const shop = project(
    t,
    `
[service.db]
run = "echo no such disk >&2; exit 3"
ready = { log = "never said" }
ready-timeout = 100
`,
  );
  const { status, stderr } = await shop.run(['up']);
  assert.equal(status, 125);
  assert.match(stderr, /the service db has ended with status 3 before it was ready[\s\S]*no such disk/);
  shop.writeToml('[service.db]\nrun = ["no-such-program"]\nready = { log = "never said" }\n');
  const missing = await shop.run(['up']);
  assert.equal(missing.status, 125);
  assert.match(missing.stderr, /db has ended with status 127[\s\S]*no-such-program: command not found/);
});
