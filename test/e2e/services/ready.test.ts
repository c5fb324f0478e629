import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort, project, services, servicesOfBare } from './support.ts';

for (const [kind, options] of [
  ['subordinate', services],
  ['bare', servicesOfBare],
] as const) {
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
  assert.doesNotMatch(left.stdout, new RegExp(shop.directory));
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
  shop.write('image = "host"\n[service.db]\nrun = ["no-such-program"]\nready = { log = "never said" }\n');
  const missing = await shop.run(['up']);
  assert.equal(missing.status, 125);
  assert.match(missing.stderr, /db has ended with status 127[\s\S]*no-such-program: command not found/);
});
