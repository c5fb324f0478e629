import assert from 'node:assert/strict';
import { test } from 'node:test';
import { project } from '../support/project.ts';
import { services } from './support.ts';

/** Says when it starts and when it ends. */
const talker = (name: string): string => `
[service.${name}]
run = "trap 'echo ${name} ends; exit 0' TERM; echo ${name} begins; while :; do sleep 0.05; done"
ready = { log = "${name} begins" }
`;

test('services start behind what they require, and are stopped in reverse order', services, async (t) => {
  const shop = project(
    t,
    [talker('web'), 'requires = ["api"]', talker('api'), 'requires = ["db"]', talker('db')].join('\n'),
  );
  const up = shop.up();
  await up.see('stderr', /web is ready/);
  assert.equal(await up.stop(), 0);
  assert.deepEqual(up.stdout.trim().split('\n'), [
    'db  | db begins',
    'api | api begins',
    'web | web begins',
    'web | web ends',
    'api | api ends',
    'db  | db ends',
  ]);
  const said = up.stderr.replace(/ after [\d.]+ s/g, '');
  assert.deepEqual(said.trim().split('\n'), [
    'sandbox: db is ready',
    'sandbox: api is ready',
    'sandbox: web is ready',
    'sandbox: stopping web',
    'sandbox: stopping api',
    'sandbox: stopping db',
  ]);
});

test('those that do not require each other start side by side', services, async (t) => {
  // Each is ready when the other one has begun: one after the other neither would ever be.
  const each = (name: string, other: string): string => `
[service.${name}]
run = "touch begun-${name}; while :; do sleep 0.1; done"
ready = { command = "test -e begun-${other}" }
`;
  const up = project(t, each('left', 'right') + each('right', 'left')).up();
  await Promise.all([up.see('stderr', /left is ready/), up.see('stderr', /right is ready/)]);
  assert.equal(await up.stop(), 0);
});

test('only what is named is started, with what it requires', services, async (t) => {
  const shop = project(t, `${talker('web')}${talker('api')}requires = ["db"]\n${talker('db')}`);
  const up = shop.up(['api']);
  await up.see('stderr', /api is ready/);
  assert.equal(await up.stop('SIGTERM'), 0);
  assert.doesNotMatch(up.stdout, /web/);
  const unknown = await shop.run(['up', 'apo']);
  assert.equal(unknown.status, 125);
  assert.match(unknown.stderr, /no service "apo"[\s\S]*did you mean api\?/);
});

test(
  'a shell that does not hand on SIGTERM: what it has started gets it too, and what ignores it is killed',
  services,
  async (t) => {
    const shop = project(
      t,
      `
[service.deaf]
run = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
ready = { log = "ready" }
stop-timeout = 1
[service.family]
run = "sh -c 'trap \\"echo child ends; exit\\" TERM; echo born; while :; do sleep 0.1; done' & wait"
ready = { log = "born" }
[service.interrupted]
run = "trap 'echo by INT; exit' INT; echo up; while :; do sleep 0.1; done"
ready = { log = "up" }
stop-signal = "SIGINT"
`,
    );
    const up = shop.up();
    for (const name of ['deaf', 'family', 'interrupted']) await up.see('stderr', new RegExp(`${name} is ready`));
    const asked = Date.now();
    assert.equal(await up.stop(), 0);
    assert.ok(Date.now() - asked >= 900, 'it had its time');
    assert.match(up.stdout, /family\s+\| child ends/);
    assert.match(up.stdout, /interrupted\s*\| by INT/);
    const { stdout } = await shop.run(['ps', '--all', '--json']);
    assert.ok(!JSON.parse(stdout).some(({ workspace }: { workspace?: string }) => workspace === shop.cwd));
  },
);
