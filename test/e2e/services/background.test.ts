import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { runAs } from '../../support/user.ts';
import { eventually, sleepers, uniqueDuration } from '../faults/support/leftovers.ts';
import { project } from '../support/project.ts';
import { services } from './support.ts';

const SHOP = `
name = "shop"
[service.db]
run = "trap 'echo db ends; exit' TERM; echo züge 😀; echo db-ready; while :; do sleep 0.1; done"
ready = { log = "db-ready" }
ports = [1]
[service.web]
run = "echo kept > /opt/of-web; echo variable is $COLOUR in $PWD; exec sleep 1000"
requires = ["db"]
env = { COLOUR = "blue" }
workdir = "/usr"
`;

interface Listed {
  readonly name?: string;
  readonly services?: ReadonlyArray<{ readonly name: string; readonly state: string; readonly pid?: number }>;
}

test('up --detach, ps, logs, a shell that joins, and down', services, async (t) => {
  const shop = project(t, SHOP);
  const before = await shop.run(['ps']);
  assert.match(before.stdout, /SERVICE +ENVIRONMENT +STATE +PID +PORTS +SINCE\ndb +default +stopped +- +1 +-\n/);
  const up = await shop.run(['up', '--detach']);
  assert.equal(up.status, 0, up.stderr);
  assert.match(up.stderr, /db is ready after [\s\S]*in the background/);
  assert.match(up.stdout, /db {2}\| züge 😀\n/);

  const listed: readonly Listed[] = JSON.parse((await shop.run(['ps', '--json'])).stdout);
  const [found] = listed.filter((each) => each.name?.startsWith('shop-') && each.services !== undefined);
  assert.deepEqual(
    found?.services?.map(({ name, state }) => [name, state]),
    [
      ['db', 'ready'],
      ['web', 'ready'],
    ],
  );
  assert.match((await shop.run(['ps'])).stdout, /web +default +ready +\d+ +- +/);

  const joined = await shop.run([
    'shell',
    '-c',
    'cat /opt/of-web; tr "\\0" " " < /proc/*/cmdline; ls /proc | grep -c "^[0-9]"',
  ]);
  const seen = await shop.run(['shell', '-c', 'cat /opt/of-web; cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
  assert.equal(seen.status, 0, `${seen.stderr} ${joined.stderr}`);
  assert.match(seen.stdout, /^kept\n[\s\S]*sleep 1000/);

  const again = await shop.run(['up', '--detach']);
  assert.equal(again.status, 0);
  assert.match(again.stderr, /already up: db, web \(process \d+\)\n/);

  const logs = await shop.run(['logs', 'web']);
  assert.equal(logs.stdout, 'web | variable is blue in /usr\n');
  const last = await shop.run(['logs', '-n', '1', '--no-log-prefix', 'db']);
  assert.equal(last.stdout, 'db-ready\n');
  const timed = await shop.run(['logs', '--timestamps', '--no-log-prefix', 'db']);
  assert.match(timed.stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z züge 😀\n/);

  const down = await shop.run(['down']);
  assert.equal(down.status, 0, down.stderr);
  assert.match(down.stderr, /stopped: db, web/);
  assert.match((await shop.run(['ps'])).stdout, /db +default +stopped/);
  assert.match((await shop.run(['logs', 'db'])).stdout, /db \| db ends/);
  // What services write elsewhere than in the project and volumes is gone with them.
  assert.equal((await shop.run(['shell', '-c', 'test -e /opt/of-web'])).status, 1);
  assert.equal((await shop.run(['down'])).status, 0);
});

test('they outlive the terminal that they were started from, and logs -f ends with them', services, async (t) => {
  const shop = project(t, SHOP);
  const terminal = await Terminal.open(t, shop.user, [shop.user.sandbox, 'up', '-d'], {
    cwd: shop.cwd,
    env: { ...shop.env },
  });
  await terminal.see(/in the background/);
  assert.equal(await terminal.end(), 0);
  await terminal.close();
  const following = shop.run(['logs', '--follow']);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.match((await shop.run(['ps'])).stdout, /db +default +ready/);
  assert.equal((await shop.run(['down'])).status, 0);
  const { status, stdout } = await following;
  assert.equal(status, 0);
  assert.match(stdout, /db-ready[\s\S]*db ends/);
});

test('in the background too a failure is told, and an interruption ends what was started', services, async (t) => {
  const shop = project(t, '[service.a]\nrun = "echo last words; exit 4"\nready = { log = "never" }\n');
  const failed = await shop.run(['up', '-d']);
  assert.equal(failed.status, 125);
  assert.match(failed.stderr, /a has ended with status 4[\s\S]*last words/);
  const duration = uniqueDuration();
  shop.writeToml(`[service.a]\nrun = "exec sleep ${duration}"\nready = { log = "never" }\nready-timeout = 100\n`);
  const terminal = await Terminal.open(t, shop.user, [shop.user.sandbox, 'up', '-d'], {
    cwd: shop.cwd,
    env: { ...shop.env },
  });
  await eventually('the service', () => sleepers(duration).length === 1);
  terminal.type('\x03');
  assert.equal(await terminal.end(), 130);
  assert.match((await shop.run(['down'])).stderr, /no services are running/);
});

test('why one has ended in the background is in its log', services, async (t) => {
  const shop = project(
    t,
    '[service.a]\nrun = "echo up; until test -e go; do sleep 0.1; done; exit 3"\nready = { log = "up" }\n',
  );
  assert.equal((await shop.run(['up', '-d'])).status, 0);
  shop.write('go', '');
  const said = /^a \| up\na \| sandbox: a has ended with status 3\n$/;
  let logs = '';
  await eventually(
    'the log',
    () => said.test(logs),
    () => logs,
    async () => {
      logs = (await shop.run(['logs', 'a'])).stdout;
    },
  );
  assert.match((await shop.run(['ps'])).stdout, /a +default +failed/);
});

test('logs -f ends with its reader, though nothing more is written', services, async (t) => {
  const shop = project(t, SHOP);
  assert.equal((await shop.run(['up', '--detach', 'db'])).status, 0);
  const script = '"$0" logs -f db | head -n 1; echo "status $PIPESTATUS"';
  const argv = ['bash', '-c', script, shop.user.sandbox];
  const { stdout } = await runAs(shop.user, argv, { cwd: shop.cwd, env: shop.env, timeout: 30_000 });
  assert.equal(stdout, 'db | züge 😀\nstatus 141\n');
  assert.match((await shop.run(['ps'])).stdout, /db +default +ready/);
});

test('colours are there when they are asked for, and never otherwise', services, async (t) => {
  const shop = project(t, '[service.a]\nrun = "echo x"\n');
  assert.equal((await shop.run(['up'])).stdout, 'a | x\n');
  assert.equal((await shop.run(['up'], { env: { FORCE_COLOR: '1' } })).stdout, '\x1b[36ma |\x1b[0m x\n');
  assert.equal((await shop.run(['up', '--no-log-prefix'])).stdout, 'x\n');
});
