import assert from 'node:assert/strict';
import { test } from 'node:test';
import { project } from '../support/project.ts';
import { freePort, services } from './support.ts';

test('a command brings up the services that it needs, and ends them after it', services, async (t) => {
  const port = await freePort();
  const shop = project(
    t,
    `
[service.web]
run = ["busybox", "httpd", "-f", "-p", "${port}", "-h", "/etc"]
ready = { tcp = ${port} }
[service.other]
run = "echo must not run"
[command.fetch]
run = "busybox wget -q -O - http://127.0.0.1:${port}/hostname && echo fetched && exit 3"
services = ["web"]
[command.slow]
run = "touch slow-runs; sleep 2; busybox wget -q -O /dev/null http://127.0.0.1:${port}/hostname && echo slow is done"
services = ["web"]
`,
  );
  const alone = await shop.run(['do', 'fetch']);
  assert.equal(alone.status, 3, alone.stderr);
  assert.match(alone.stdout, /fetched\n$/);
  assert.match(alone.stderr, /web is ready/);
  assert.match((await shop.run(['ps'])).stdout, /web +default +stopped/);

  // Two at once: whoever has started them waits for the other one.
  const both = await Promise.all([shop.run(['do', 'slow']), shop.run(['do', 'fetch'])]);
  assert.deepEqual(
    both.map(({ status }) => status),
    [0, 3],
    both.map(({ stderr }) => stderr).join('\n'),
  );
  assert.match((await shop.run(['ps'])).stdout, /web +default +stopped/);

  assert.equal((await shop.run(['up', '-d', 'web'])).status, 0);
  const joined = await shop.run(['do', 'fetch']);
  assert.equal(joined.status, 3, joined.stderr);
  assert.doesNotMatch(joined.stderr, /web is ready/);
  assert.match((await shop.run(['ps'])).stdout, /web +default +ready/);
});

test('a command whose services do not get ready is not run', services, async (t) => {
  const shop = project(
    t,
    `
[service.db]
run = "echo broken; exit 1"
ready = { log = "never" }
[command.test]
run = "touch ran"
services = ["db"]
`,
  );
  const { status, stderr } = await shop.run(['do', 'test']);
  assert.equal(status, 125);
  assert.match(stderr, /the service db has ended with status 1 before it was ready[\s\S]*broken/);
  assert.equal((await shop.run(['shell', '-c', 'test -e ran'])).status, 1);
});

test('an id of its own takes an image', services, async (t) => {
  const shop = project(t, '[service.db]\nrun = "id"\nuser = "root"\n');
  const { status, stderr } = await shop.run(['up']);
  assert.equal(status, 125);
  assert.match(stderr, /the service db: `user` takes an image/);
});
