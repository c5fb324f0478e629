import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CANNOT_RUN_HERE, needs } from '../../packages.ts';
import { Terminal } from '../../support/terminal.ts';
import { needsAccount } from '../../support/user.ts';
import { eventually } from '../faults/support/leftovers.ts';
import { at, onTerminal, ordinary, type Place } from '../faults/support/place.ts';
import { hold } from '../support/held.ts';
import { content, du, leftAfterGc, loaded, ownPlace, writeArchive } from './support/images.ts';

const busybox = needs('busybox');
const options = { skip: ordinary.skip || busybox };

interface Row {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimable: number;
}

async function df(where: Place): Promise<Record<string, Row>> {
  const { status, stdout, stderr } = await at(where, ['df', '--json']);
  assert.equal(status, 0, stderr);
  return Object.fromEntries((JSON.parse(stdout) as Row[]).map((row) => [row.type, row]));
}

/** A shell that stays in a sandbox until the test lets it go. */
async function running(t: Parameters<typeof ownPlace>[0], { user, cwd, env }: Place, image: string) {
  return await hold(t, user, { cwd, env }, ['run', '--interactive', '--workspace', 'none', image]);
}

describe('the store', options, () => {
  it('is measured by the blocks on the disk, with what only subordinate ids may look at', options, async (t) => {
    const where = ownPlace(t, 'df');
    await loaded(where, ['small:1']);
    const rows = await df(where);
    assert.deepEqual([rows.images?.total, rows.layers?.total, rows.sandboxes?.total], [1, 2, 0]);
    assert.equal(rows.layers?.reclaimable, rows.layers?.bytes);
    if (process.getuid?.() === 0) {
      const { store } = where;
      const layers = readdirSync(`${store}/layers`).map((key) => du(`${store}/layers/${key}`));
      // The directory of the key itself and the records are not the layers'.
      const whole = layers.reduce((sum, bytes) => sum + bytes, 0);
      assert(Math.abs(whole - (rows.layers?.bytes ?? 0)) <= 4 * 8192, `${whole} ${rows.layers?.bytes}`);
      assert(Math.abs(du(`${store}/images/blobs`) - (rows.images?.bytes ?? 0)) <= 3 * 4096);
    }
    // The second time it is not measured again, and says the same.
    assert.deepEqual(await df(where), rows);
    const table = await at(where, ['df']);
    assert.match(table.stdout, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nimages +1 +0 .*\(100%\)\nlayers +2 /);
  });

  it('keeps what is in use: removal is refused, or takes the name alone', options, async (t) => {
    const where = ownPlace(t, 'in-use');
    await loaded(where, ['small:1']);
    const child = await running(t, where, 'small:1');
    const rows = await df(where);
    assert.deepEqual([rows.images?.active, rows.layers?.active, rows.sandboxes?.active], [1, 2, 1]);
    assert.equal(rows.layers?.reclaimable, 0);
    const refused = await at(where, ['image', 'rm', 'small:1']);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /in use by the sandbox/);
    const pruned = await at(where, ['image', 'prune', '--all', '--force']);
    assert.deepEqual([pruned.status, pruned.stdout], [0, '']);
    const forced = await at(where, ['image', 'rm', '--force', 'small:1']);
    assert.match(forced.stdout, /^Untagged: docker.io\/library\/small:1\n/);
    const collected = await at(where, ['gc', '--all']);
    assert.equal(collected.status, 0, collected.stderr);
    // Its files are still there.
    assert.equal(await child.tell('cat /etc/above'), 'above');
    assert.equal((await df(where)).layers?.active, 2);
    await child.end();
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('keeps what a kept sandbox stands on, until it is removed', options, async (t) => {
    const where = ownPlace(t, 'kept');
    await loaded(where, ['small:1']);
    const made = await at(where, ['shell', '--workspace', 'none', '--name', 'box', 'small:1', '--', 'touch', '/made']);
    assert.equal(made.status, 0, made.stderr);
    await at(where, ['image', 'rm', '--force', 'small:1']);
    await at(where, ['gc', '--all']);
    assert.equal((await df(where)).layers?.active, 2);
    assert.equal((await at(where, ['rm', 'box'])).status, 0);
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('shares a base between images, and frees what is not shared', options, async (t) => {
    const where = ownPlace(t, 'shared');
    await loaded(where, ['one:1'], 'one');
    await loaded(where, ['two:1'], 'two');
    assert.deepEqual([(await df(where)).images?.total, (await df(where)).layers?.total], [2, 2]);
    assert.equal((await at(where, ['image', 'rm', 'one:1'])).status, 0);
    assert.equal((await df(where)).layers?.total, 2);
    assert.equal(
      (await at(where, ['run', '--workspace', 'none', 'two:1', '--', 'cat', '/etc/above'])).stdout,
      'above\n',
    );
    assert.equal((await at(where, ['image', 'rm', 'two:1'])).status, 0);
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('leaves a moved name’s image without one until it is pruned', options, async (t) => {
    const where = ownPlace(t, 'moved');
    await loaded(where, ['small:1'], 'one');
    await loaded(where, ['small:1'], 'two');
    assert.equal((await df(where)).images?.total, 2);
    assert.equal((await at(where, ['gc'])).status, 0);
    assert.equal((await df(where)).images?.total, 2);
    assert.match((await at(where, ['image', 'prune', '--force'])).stdout, /^Deleted: sha256:/);
    assert.equal((await df(where)).images?.total, 1);
  });

  it('is said to be damaged where the list of images is, by every command, and nothing is lost', options, async (t) => {
    const where = ownPlace(t, 'damaged');
    await loaded(where, ['small:1']);
    const before = await content(where.store);
    const index = `${where.store}/images/index.json`;
    const text = readFileSync(index);
    writeFileSync(index, text.subarray(0, 60));
    for (const words of [
      ['image', 'ls'],
      ['gc', '--all'],
      ['df'],
      ['load', '-i', writeArchive(where, ['x:1'])],
      ['run', 'small:1', '--', 'true'],
    ]) {
      const { status, stderr } = await at(where, words);
      assert.equal(status, 125, words.join(' '));
      assert.match(stderr, /index\.json.*damaged/, words.join(' '));
    }
    writeFileSync(index, text);
    assert.deepEqual(
      (await content(where.store)).filter((path) => !path.endsWith('disk.json')),
      before,
    );
    assert.equal((await at(where, ['run', '--workspace', 'none', 'small:1', '--', 'true'])).status, 0);
  });
});

describe('sandbox reset', () => {
  for (const kind of ['subordinate', 'bare'] as const) {
    it(`leaves nothing, whoever the files belong to (${kind})`, { skip: needsAccount(kind) || busybox }, async (t) => {
      const where = ownPlace(t, 'reset', kind);
      await loaded(where, ['small:1']);
      const child = await running(t, where, 'small:1');
      const refused = await at(where, ['reset']);
      assert.equal(refused.status, 125);
      assert.match(refused.stderr, /--force/);
      assert(existsSync(where.store));
      const { status, stdout, stderr } = await at(where, ['reset', '--force']);
      assert.deepEqual([status, stdout], [0, `removed ${where.store}\n`], stderr);
      assert(!existsSync(where.store));
      await child.ended;
      await eventually('the store to stay away', () => !existsSync(where.store));
      assert.equal((await at(where, ['reset', '--force'])).stdout, 'there is nothing to remove\n');
    });
  }

  it('asks on a terminal', { skip: onTerminal.skip || busybox }, async (t) => {
    const where = ownPlace(t, 'reset-asks');
    await loaded(where, ['small:1']);
    for (const [answer, isThere] of [
      ['n\n', true],
      ['\n', true],
      ['\x03', true],
      ['yes\n', false],
    ] as const) {
      const terminal = await Terminal.open(t, where.user, [where.user.sandbox, 'reset'], {
        cwd: where.cwd,
        env: where.env,
      });
      await terminal.see(/remove all images and sandboxes in .*\[y\/N\]/);
      terminal.type(answer);
      await terminal.end();
      assert.equal(existsSync(where.store), isThere, JSON.stringify(answer));
    }
  });

  it('says so where files belong to ids that are not the user’s', rootOnly(), async (t) => {
    const where = ownPlace(t, 'reset-strange');
    await loaded(where, ['small:1']);
    const { chownSync, mkdirSync } = await import('node:fs');
    mkdirSync(`${where.store}/layers/strange`);
    writeFileSync(`${where.store}/layers/strange/file`, '');
    chownSync(`${where.store}/layers/strange`, 12, 12);
    const { status, stderr } = await at(where, ['reset', '--force']);
    assert.equal(status, 125);
    assert.match(stderr, /cannot be removed[\s\S]*\/etc\/subuid/);
  });
});

function rootOnly(): { skip: string | false } {
  return { skip: (process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}needs root to change owners`) || busybox };
}
