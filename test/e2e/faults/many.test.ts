import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { runAs } from '../../support/user.ts';
import { assertNothingLeft, snapshot } from './support/leftovers.ts';
import { at, ordinary, place } from './support/place.ts';

const SHELLS = 8;
const EACH = 25;

describe('many sandboxes', ordinary, () => {
  it(`${SHELLS * EACH} started at once from ${SHELLS} shells all do their work and leave nothing`, async (t) => {
    const where = place(t, 'many');
    const { user, cwd, env, store } = where;
    assert.equal((await at(where, ['run', '--', 'true'])).status, 0);
    const before = snapshot(store);
    const script = `for n in $(seq ${EACH}); do { "$0" run -- sh -c "echo $1-$n; echo x > /etc/x; exit 3" || echo "status $?"; } & done; wait`;
    const results = await Promise.all(
      Array.from({ length: SHELLS }, (_, shell) =>
        runAs(user, ['bash', '-c', script, user.sandbox, String(shell)], { cwd, env, timeout: 280_000 }),
      ),
    );
    for (const [shell, { status, stdout, stderr }] of results.entries()) {
      assert.equal(status, 0, stderr);
      assert.equal(stderr, '');
      const lines = stdout.trimEnd().split('\n');
      assert.equal(lines.filter((line) => line === 'status 3').length, EACH, stdout);
      const said = lines.filter((line) => line !== 'status 3').sort();
      assert.deepEqual(said, Array.from({ length: EACH }, (_, n) => `${shell}-${n + 1}`).sort());
    }
    await assertNothingLeft(before);
  });

  it('started at once in a store that is new: the image is prepared once, and all work', async (t) => {
    const where = place(t, 'many');
    const env = { XDG_DATA_HOME: `${where.cwd}/new` };
    const results = await Promise.all(
      Array.from({ length: 20 }, () => at(where, ['run', '--', 'echo', 'well'], { env })),
    );
    const images = readdirSync(`${where.cwd}/new/sandbox/host`).filter((name) => /^[0-9a-f]{16}$|^\.tmp/.test(name));
    assert.equal(images.length, 1, images.join(' '));
    for (const { status, stdout, stderr } of results) assert.deepEqual([status, stdout], [0, 'well\n'], stderr);
    await assertNothingLeft(snapshot(`${where.cwd}/new/sandbox`));
  });

  it('opened at once under one name: one opens it, the others join or are told', async (t) => {
    const where = place(t, 'many');
    await at(where, ['rm', '--force', 'crowd']);
    const script = ['shell', '--name', 'crowd', '--', 'sh', '-c', 'echo well; sleep 1'];
    const results = await Promise.all(Array.from({ length: 6 }, () => at(where, script)));
    const well = results.filter(({ status }) => status === 0);
    assert(well.length >= 1);
    for (const { status, stdout, stderr } of results) {
      if (status === 0) assert.equal(stdout, 'well\n');
      else if (status !== 137)
        assert.match(
          stderr,
          /the sandbox crowd is being opened or removed by another process|has ended meanwhile/,
          `${status}`,
        );
    }
    assert.equal((await at(where, ['rm', '--force', 'crowd'])).status, 0);
  });
});
