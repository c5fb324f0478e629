import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { eventually, gone, sleepers, uniqueDuration } from '../faults/support/leftovers.ts';
import { project } from '../support/project.ts';
import { EACH_KIND, services } from './support.ts';

/** Says when it begins and when it ends. */
const talker = (name: string, more = ''): string => `
[service.${name}]
run = "trap 'echo ${name} ends; exit' TERM; echo ${name} begins; while :; do sleep 0.05; done"
ready = { log = "${name} begins" }
${more}
`;
const SHOP = `name = "shop"\n${talker('db')}${talker('web', 'requires = ["db"]')}${talker('cache')}`;

for (const [kind, options] of EACH_KIND) {
  test(
    `up while services run starts those that do not, and ends those with Ctrl-C (${kind} account)`,
    options,
    async (t) => {
      const shop = project(t, SHOP, kind);
      assert.equal((await shop.run(['up', '--detach', 'db'])).status, 0);
      const second = shop.up(['web']);
      await second.see('stdout', /web \| web begins/);
      await second.see(
        'stderr',
        /web is ready after [\s\S]*already up: db \(process \d+\); Ctrl-C leaves them running/,
      );
      assert.match(
        (await shop.run(['ps'])).stdout,
        /db +default +ready[\s\S]*web +default +ready[\s\S]*cache +default +stopped/,
      );
      assert.equal(await second.stop(), 0);
      assert.match(second.stdout, /web \| web ends/);
      assert.match(second.stderr, /stopping web\n.*still running: db; `sandbox down` stops them/);
      assert.doesNotMatch(second.stdout + second.stderr, /db begins|stopping db/);
      assert.match((await shop.run(['ps'])).stdout, /db +default +ready[\s\S]*web +default +stopped/);
    },
  );
}

test('an attached up shows the combined log, and only detaches from what it has not started', services, async (t) => {
  const shop = project(
    t,
    `
[service.echo]
run = "echo before; for name in one two; do until test -e $name; do sleep 0.05; done; echo told $name; done; exec sleep 1000"
ready = { log = "before" }
`,
  );
  const first = shop.up();
  await first.see('stderr', /echo is ready/);
  const second = shop.up();
  await second.see('stderr', /already up: echo/);
  shop.write('one', '');
  for (const up of [first, second]) await up.see('stdout', /echo \| told one/);
  assert.equal(await second.stop(), 0);
  // What was written before belongs to those who saw it.
  assert.equal(second.stdout, 'echo | told one\n');
  shop.write('two', '');
  await first.see('stdout', /told two/);
  assert.equal(await first.stop(), 0);
});

test('one that is attached ends with the services, however they end', services, async (t) => {
  const shop = project(t, SHOP);
  const first = shop.up(['db']);
  await first.see('stderr', /db is ready/);
  const second = shop.up(['web']);
  await second.see('stderr', /already up: db/);
  await first.see('stderr', /web is ready/);
  assert.equal(await first.stop(), 0);
  assert.equal(await second.ended, 0);
  assert.match(second.stderr, /stopping web\n.*stopping db/);

  const killed = shop.up(['db']);
  await killed.see('stderr', /db is ready/);
  const third = shop.up(['web']);
  await third.see('stderr', /already up: db/);
  killed.process.kill('SIGKILL');
  assert.equal(await third.ended, 125);
  assert.match(third.stderr, /the process that attended to the services is gone/);
});

test('what an attached up has started ends with it too when it is killed', services, async (t) => {
  const duration = uniqueDuration();
  const shop = project(t, `${talker('db')}[service.web]\nrun = "exec sleep ${duration}"\n`);
  assert.equal((await shop.run(['up', '--detach', 'db'])).status, 0);
  const second = shop.up(['web']);
  await second.see('stderr', /web is started/);
  second.process.kill('SIGKILL');
  await second.ended;
  await gone('the service', () => sleepers(duration));
  assert.match((await shop.run(['ps'])).stdout, /db +default +ready/);
});

test('what is wanted by two stays until both have left; what was started to stay, stays', services, async (t) => {
  const shop = project(t, SHOP);
  assert.equal((await shop.run(['up', '--detach', 'cache'])).status, 0);
  const left = shop.up(['web']);
  await left.see('stderr', /web is ready/);
  const right = shop.up(['web']);
  await right.see('stderr', /already up: db, web/);
  assert.equal(await left.stop(), 0);
  assert.match(left.stderr, /still running: db, web/);
  assert.match((await shop.run(['ps'])).stdout, /web +default +ready/);
  assert.equal((await shop.run(['up', '--detach', 'web'])).status, 0);
  assert.equal(await right.stop(), 0);
  assert.match((await shop.run(['ps'])).stdout, /db +default +ready[\s\S]*web +default +ready/);
});

test('one that does not get ready is told, and leaves those alone that ran before', services, async (t) => {
  const shop = project(
    t,
    `${talker('db')}${talker('other')}[service.bad]\nrun = "echo no disk; exit 3"\nrequires = ["other"]\nready = { log = "never" }\n`,
  );
  const first = shop.up(['db']);
  await first.see('stderr', /db is ready/);
  const { status, stderr } = await shop.run(['up', 'bad']);
  assert.equal(status, 125);
  assert.match(stderr, /the service bad has ended with status 3 before it was ready[\s\S]*no disk/);
  assert.match(
    (await shop.run(['ps'])).stdout,
    /db +default +ready[\s\S]*other +default +stopped[\s\S]*bad +default +failed/,
  );
  first.process.kill('SIGINT');
  assert.equal(await first.ended, 1);
});

test('down NAME stops it behind those that require it, and up starts it anew', services, async (t) => {
  const duration = uniqueDuration();
  const shop = project(
    t,
    `${talker('db')}
[service.web]
run = "setsid sh -c '(env -i setsid sleep ${duration}) &'; echo up; exec sleep 1000"
ready = { log = "up" }
requires = ["db"]
${talker('cache')}`,
  );
  const up = shop.up();
  await up.see('stderr', /web is ready/);
  await up.see('stderr', /cache is ready/);
  const down = await shop.run(['down', 'db']);
  assert.equal(down.status, 0);
  assert.match(down.stderr, /stopped: db, web/);
  assert.deepEqual(sleepers(duration), []);
  assert.match(up.stderr, /stopping web\n.*stopping db/);
  assert.match(
    (await shop.run(['ps'])).stdout,
    /db +default +stopped[\s\S]*web +default +stopped[\s\S]*cache +default +ready/,
  );
  assert.match((await shop.run(['down', 'db'])).stderr, /not running: db/);
  const unknown = await shop.run(['down', 'dp']);
  assert.equal(unknown.status, 125);
  assert.match(unknown.stderr, /no service "dp"[\s\S]*did you mean db\?/);
  assert.equal((await shop.run(['up', '--detach', 'web'])).status, 0);
  assert.equal(sleepers(duration).length, 1);
  // With the last one all is over, for who attends to them too.
  const last = await shop.run(['down', 'db', 'web', 'cache']);
  assert.match(last.stderr, /stopped: db, web, cache|stopped: cache, db, web/);
  assert.equal(await up.ended, 0);
  assert.match((await shop.run(['down'])).stderr, /no services are running/);
});

test(
  'what has changed since is told, with what to do; what does not run is started as it is now',
  services,
  async (t) => {
    const shop = project(t, SHOP);
    assert.equal((await shop.run(['up', '--detach', 'db'])).status, 0);
    shop.writeToml(SHOP.replaceAll('web begins', 'web begins anew'));
    assert.equal((await shop.run(['up', '--detach', 'web'])).status, 0);
    assert.match((await shop.run(['logs', 'web'])).stdout, /web begins anew/);

    shop.writeToml(SHOP.replaceAll('db ends', 'db is over'));
    const service = await shop.run(['up', '--detach', 'db']);
    assert.equal(service.status, 125);
    assert.match(
      service.stderr,
      /the service db runs as sandbox.toml had it before[\s\S]*sandbox down db, then sandbox up/,
    );

    shop.writeToml(`${SHOP}\n[env]\nNEW = "1"\n`);
    const changed = await shop.run(['up', '--detach']);
    assert.equal(changed.status, 125);
    assert.match(changed.stderr, /as it was before it changed[\s\S]*sandbox down, then sandbox up/);
    assert.match((await shop.run(['ps'])).stdout, /cache +default +stopped/);
  },
);

test('a command has those started that it needs besides those that run, for its time', services, async (t) => {
  const shop = project(t, `${SHOP}[command.ask]\nrun = "echo asked; exit 3"\nservices = ["web"]\n`);
  assert.equal((await shop.run(['up', '--detach', 'db'])).status, 0);
  const { status, stdout, stderr } = await shop.run(['ask']);
  assert.equal(status, 3, stderr);
  assert.equal(stdout, 'asked\n');
  assert.match(stderr, /web is ready/);
  assert.match((await shop.run(['ps'])).stdout, /db +default +ready[\s\S]*web +default +stopped/);
});

test('up waits for a command that has services of its own', services, async (t) => {
  const shop = project(
    t,
    `${SHOP}[command.ask]\nrun = "touch asks; while ! test -e go; do sleep 0.1; done"\nservices = ["db"]\n`,
  );
  const asked = shop.run(['ask']);
  await eventually('the command', () => existsSync(`${shop.cwd}/asks`));
  const up = shop.up(['db']);
  await up.see('stderr', /services run for a command: they are started anew/);
  shop.write('go', '');
  assert.equal((await asked).status, 0);
  await up.see('stderr', /db is ready/);
  assert.equal(await up.stop(), 0);
});

test('up does not wait for ever for who does not answer any more', services, async (t) => {
  const shop = project(t, SHOP);
  assert.equal((await shop.run(['up', '--detach', 'db'])).status, 0);
  const projects = `${shop.store}/projects`;
  for (const id of readdirSync(projects)) {
    const isOurs = existsSync(`${projects}/${id}/path`) && readFileSync(`${projects}/${id}/path`, 'utf8') === shop.cwd;
    if (isOurs) rmSync(`${projects}/${id}/.services.sock`);
  }
  const { status, stderr } = await shop.run(['up', 'web']);
  assert.equal(status, 125);
  assert.match(stderr, /process \d+ attends to the services, and does not answer\n {2}hint: `sandbox down` ends it/);
  assert.match((await shop.run(['down'])).stderr, /stopped: db/);
});
