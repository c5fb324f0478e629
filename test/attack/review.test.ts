import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { changeLines } from '../../src/commands/diff/change-list.ts';
import { shownPatch } from '../../src/commands/diff/patch-text.ts';
import type { Part } from '../../src/review/model.ts';
import { answer } from '../../src/review/serve.ts';
import { colours } from '../../src/ui/colour.ts';
import {
  apply,
  attribute,
  attributes,
  changesOf,
  conflicts,
  fill,
  later,
  rawApply,
  type Trial,
  tree,
  trial,
  whiteout,
} from '../review/support/trial.ts';

/*
 * What a sandbox can leave in its changes to reach beyond the workspace when they are applied, and what somebody else on the
 * host can do meanwhile. The controls apply the same changes by paths, as `cp -a` does, and show that the attack works there.
 */

/** A directory beside the workspace that nothing may be written to. */
function treasure({ directory }: Trial): string {
  const path = `${directory}/treasure`;
  fill(path, { file: 'treasure', 'sub/inner': 'treasure' });
  return path;
}

const UNTOUCHED = { file: 'treasure', 'sub/': '', 'sub/inner': 'treasure' };

/** Copies as a script would do it: whatever is in the way of a path is followed. */
function copyByPaths({ upper, host }: Pick<Trial, 'upper' | 'host'>): void {
  execFileSync('cp', ['-r', '--preserve=mode', `${upper}/.`, host], { stdio: 'ignore' });
}

/** The same trial once more, for the control. */
function twice(t: TestContext, host: Readonly<Record<string, string>>, prepare: (of: Trial) => void): [Trial, Trial] {
  const make = (): Trial => {
    const of = trial(t, host);
    prepare(of);
    return of;
  };
  return [make(), make()];
}

describe('changes that are made to reach out of the workspace', () => {
  test('a symbolic link of the workspace in the place of a directory is not written through', async (t) => {
    const [of, control] = twice(t, {}, (each) => {
      symlinkSync(treasure(each), `${each.host}/out`);
      later();
      fill(each.upper, { 'out/file': 'evil' });
    });
    execFileSync('sh', [
      '-c',
      `for f in $(cd ${control.upper}; find . -type f); do cat ${control.upper}/$f > ${control.host}/$f; done`,
    ]);
    assert.equal(readFileSync(`${control.directory}/treasure/file`, 'utf8'), 'evil', 'the control');
    for (const force of [false, true]) await rawApply(of, { force });
    assert.deepEqual(tree(`${of.directory}/treasure`), UNTOUCHED);
    assert.deepEqual(tree(of.host), { 'out/': '', 'out/file': 'evil' });
  });

  test('a symbolic link planted in the upper directory is applied as a link, and nothing behind it is read', async (t) => {
    const [of, control] = twice(t, { 'dir/a': '1' }, (each) => symlinkSync(treasure(each), `${each.upper}/dir`));
    execFileSync('cp', ['-rL', `${control.upper}/dir`, `${control.host}/copied`]);
    assert.equal(readFileSync(`${control.host}/copied/file`, 'utf8'), 'treasure', 'the control');
    await apply(of);
    assert.deepEqual(tree(of.host), { dir: `-> ${of.directory}/treasure` });
    assert.deepEqual(tree(`${of.directory}/treasure`), UNTOUCHED);
  });

  test('the upper directory itself is a link: nothing is found in it', async (t) => {
    const of = trial(t);
    const place = treasure(of);
    rmSync(of.upper, { recursive: true });
    symlinkSync(place, of.upper);
    assert.equal(readdirSync(of.upper).length, 2, 'the control: a path leads there');
    assert.deepEqual(await changesOf(of), []);
  });

  test('a deletion of what is a link on the host removes the link alone', async (t) => {
    const [of, control] = twice(t, {}, (each) => {
      symlinkSync(treasure(each), `${each.host}/out`);
      later();
      whiteout(`${each.upper}/out`);
    });
    execFileSync('sh', ['-c', `rm -rf ${control.host}/out/`]);
    execFileSync('sh', ['-c', `rm -rf ${control.host}/out/*`]);
    assert.equal(existsSync(`${control.directory}/treasure/file`), false, 'the control');
    await apply(of);
    assert.deepEqual(tree(of.host), {});
    assert.deepEqual(tree(`${of.directory}/treasure`), UNTOUCHED);
  });

  test('deletions below a link of the host are not made', async (t) => {
    const of = trial(t, { 'dir/file': '1' });
    const place = treasure(of);
    fill(of.upper, { 'dir/': '' });
    whiteout(`${of.upper}/dir/file`);
    rmSync(`${of.host}/dir`, { recursive: true });
    symlinkSync(place, `${of.host}/dir`);
    assert.equal(existsSync(`${of.host}/dir/file`), true, 'the control: a path leads there');
    await rawApply(of, { force: true });
    assert.deepEqual(tree(place), UNTOUCHED);
  });

  test('a file of the workspace that is another name of one outside is replaced, and not written to', async (t) => {
    const [of, control] = twice(t, {}, (each) => {
      linkSync(`${treasure(each)}/file`, `${each.host}/name`);
      later();
      fill(each.upper, { name: 'evil' });
    });
    copyByPaths(control);
    assert.equal(readFileSync(`${control.directory}/treasure/file`, 'utf8'), 'evil', 'the control');
    await apply(of);
    assert.deepEqual(tree(`${of.directory}/treasure`), UNTOUCHED);
    assert.equal(readFileSync(`${of.host}/name`, 'utf8'), 'evil');
  });

  test('`..` and absolute paths in a request name no place outside', async (t) => {
    const of = trial(t);
    treasure(of);
    fill(of.upper, { a: '1' });
    for (const pattern of ['../treasure', '../treasure/file', `${of.directory}/treasure`]) {
      const given = await rawApply(of, { patterns: [pattern], force: true });
      assert.equal(given.kind, 'error');
    }
    const [part] = of.parts;
    assert(part);
    const host = `${of.host}/../treasure`;
    assert.ok(existsSync(`${host}/file`), 'the control: a path leads there');
    const outside: Part = { ...part, host, lowers: [host] };
    const given = await answer({
      action: 'apply',
      directory: of.directory,
      parts: [outside],
      patterns: [],
      token: 'x',
      force: true,
      dryRun: false,
    });
    assert.equal(given.kind, 'applied', 'only the user names a workspace');
    assert.deepEqual(tree(`${of.directory}/treasure`), { ...UNTOUCHED, a: '1' });
  });
});

describe('files that are dangerous as they are', () => {
  test('set-user-id and set-group-id bits do not come to the host', async (t) => {
    const [of, control] = twice(t, {}, (each) => {
      fill(each.upper, { shell: '#!/bin/sh', 'group/x': '' });
      chmodSync(`${each.upper}/shell`, 0o6755);
      chmodSync(`${each.upper}/group`, 0o2755);
    });
    copyByPaths(control);
    assert.equal(statSync(`${control.host}/shell`).mode & 0o6000, 0o6000, 'the control');
    const [change] = (await changesOf(of)).filter(({ path }) => path === 'shell');
    assert.match(change?.warnings.join() ?? '', /set-uid/);
    await apply(of);
    for (const name of ['shell', 'group']) assert.equal(statSync(`${of.host}/${name}`).mode & 0o6000, 0, name);
  });

  test('attributes by which overlays are led elsewhere do not come to the host, capabilities neither', async (t) => {
    const [of, control] = twice(t, {}, (each) => {
      fill(each.upper, { file: 'x', 'dir/x': 'x' });
      attribute(`${each.upper}/file`, 'user.overlay.metacopy', '');
      attribute(`${each.upper}/file`, 'user.overlay.redirect', '/etc/shadow');
      attribute(`${each.upper}/dir`, 'user.overlay.redirect', '/etc');
      attribute(`${each.upper}/dir`, 'user.overlay.overlay.opaque', 'y');
      attribute(`${each.upper}/file`, 'user.own', '1');
    });
    execFileSync('cp', ['-a', `${control.upper}/.`, control.host]);
    assert.ok(attributes(`${control.host}/file`).includes('user.overlay.redirect'), 'the control');
    await apply(of);
    assert.deepEqual(attributes(`${of.host}/file`), ['user.own']);
    assert.deepEqual(attributes(`${of.host}/dir`), []);
  });

  test('a FIFO is not opened: nobody waits for its other end, neither inside nor where the host has one', async (t) => {
    const of = trial(t, { twin: 'x' });
    fill(of.upper, { twin: 'y' });
    execFileSync('mkfifo', [`${of.upper}/fifo`, `${of.upper}/both`, `${of.host}/both`]);
    rmSync(`${of.host}/twin`);
    execFileSync('mkfifo', [`${of.host}/twin`]);
    const stuck = spawn('cat', [`${of.upper}/fifo`], { stdio: 'ignore' });
    t.after(() => stuck.kill('SIGKILL'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(stuck.exitCode, null, 'the control: who opens it waits');
    await answer({ action: 'patch', parts: of.parts, patterns: [] });
    await apply(of, { force: true });
    assert.deepEqual(tree(of.host), { both: 'fifo', fifo: 'fifo', twin: 'y' });
  });

  test('a device is not made and not read', {
    skip: process.getuid?.() !== 0 && 'CANNOT RUN HERE: needs root',
  }, async (t) => {
    const [of, control] = twice(t, { zero: 'x' }, (each) => {
      later();
      execFileSync('mknod', [`${each.upper}/zero`, 'c', '1', '5']);
    });
    execFileSync('cp', ['-a', '--remove-destination', `${control.upper}/.`, control.host]);
    assert.equal(lstatSync(`${control.host}/zero`).isCharacterDevice(), true, 'the control');
    const { left } = await apply(of, { force: true });
    assert.deepEqual(
      left.map(({ path }) => path),
      ['zero'],
    );
    await answer({ action: 'patch', parts: of.parts, patterns: [] });
    assert.deepEqual(tree(of.host), { zero: 'x' });
  });

  test('a file of 4 TB that is nothing but a hole takes neither time nor space', async (t) => {
    const of = trial(t, { 'here-too': '' });
    for (const path of [`${of.upper}/huge`, `${of.upper}/here-too`, `${of.host}/here-too`]) {
      writeFileSync(path, 'begin');
      truncateSync(path, 4 * 1024 ** 4);
    }
    assert.equal(statSync(`${of.upper}/huge`).size, 4 * 1024 ** 4, 'the control: it says that it is as large');
    const begun = performance.now();
    await answer({ action: 'patch', parts: of.parts, patterns: [] });
    const { left } = await apply(of);
    assert.deepEqual(left, []);
    assert.ok(performance.now() - begun < 20_000);
    assert.equal(statSync(`${of.host}/huge`).size, 4 * 1024 ** 4);
    assert.ok(statSync(`${of.host}/huge`).blocks < 1000);
  });

  test('escape sequences and line breaks in names, targets and texts do not reach the terminal', async (t) => {
    const of = trial(t);
    const name = '\x1b]0;title\x07\nA  0 B  harmless\u202e';
    fill(of.upper, { [name]: 'text \x1b[2J\r\u009b31m\n' });
    symlinkSync('\x1b[31mred', `${of.upper}/link`);
    assert.match(JSON.stringify(readdirSync(of.upper)), /\\u001b/, 'the control: they are in the names');
    const shown = changeLines(await changesOf(of), colours(false));
    assert.equal(shown.split('\n').length, 3, 'one line each');
    const given = await answer({ action: 'patch', parts: of.parts, patterns: [] });
    assert(given.kind === 'patches');
    for (const text of [shown, ...given.patches.map((patch) => shownPatch(patch.text, colours(false)))]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    }
  });
});

describe('the host changes while changes are reviewed and applied', () => {
  test('a directory of the host that became a link after the review is not followed', async (t) => {
    const of = trial(t, { 'dir/sub/a': '1' });
    const place = treasure(of);
    fill(of.upper, { 'dir/sub/file': 'evil', 'dir/sub/inner': 'evil' });
    assert.equal((await changesOf(of)).length, 2);
    renameSync(`${of.host}/dir`, `${of.host}/moved`);
    symlinkSync(place, `${of.host}/dir`);
    assert.ok(existsSync(`${of.host}/dir/sub/inner`), 'the control: a path leads there');
    const found = await rawApply(of);
    assert.notEqual(found.kind, 'error');
    await rawApply(of, { force: true });
    assert.deepEqual(tree(place), UNTOUCHED);
  });

  test('the workspace itself became a link: nothing is applied', async (t) => {
    const of = trial(t, { a: '1' });
    const place = treasure(of);
    fill(of.upper, { file: 'evil' });
    renameSync(of.host, `${of.host}.moved`);
    symlinkSync(place, of.host);
    cpSync(`${of.upper}/file`, `${of.host}/control`);
    assert.ok(existsSync(`${place}/control`), 'the control: a path leads there');
    rmSync(`${place}/control`);
    const given = await rawApply(of, { force: true });
    assert.equal(given.kind, 'error');
    assert.deepEqual(tree(place), UNTOUCHED);
  });

  test('directories that are swapped for links all the time lead nowhere, in 60 rounds', async (t) => {
    const of = trial(t);
    const place = treasure(of);
    mkdirSync(`${of.host}/race`);
    const swap = `
import ctypes, os, shutil, sys
host, treasure = sys.argv[1:]
race, link = host + '/race', host + '/link'
libc = ctypes.CDLL(None, use_errno=True)
os.symlink(treasure, link)
print('ready', flush=True)
while True:
    libc.renameat2(-100, race.encode(), -100, link.encode(), 2)
    # A link that was replaced is put there again.
    if not os.path.islink(race) and not os.path.islink(link):
        shutil.rmtree(link, ignore_errors=True)
        try: os.symlink(treasure, link)
        except OSError: pass
`;
    const racer = spawn('python3', ['-c', swap, of.host, place], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => racer.kill('SIGKILL'));
    await new Promise((resolve) => racer.stdout.once('data', resolve));
    let reached = 0;
    try {
      for (let round = 0; round < 60; round++) {
        for (let look = 0; look < 50; look++) if (existsSync(`${of.host}/race/sub/inner`)) reached += 1;
        for (let file = 0; file < 20; file++) fill(of.upper, { [`race/sub/f${file}`]: 'evil', 'race/file': 'evil' });
        await rawApply(of, { force: true });
        assert.deepEqual(tree(place), UNTOUCHED, `round ${round}`);
      }
    } finally {
      // It must have ended before the directory is removed.
      const ended = new Promise((resolve) => racer.once('exit', resolve));
      racer.kill('SIGKILL');
      await ended;
    }
    assert.ok(reached > 0, 'the control: the paths led there at times');
  });

  test('a file that is written on the host after the review is not overwritten', async (t) => {
    const [of, control] = twice(t, { file: 'old' }, (each) => {
      fill(each.upper, { file: 'sandbox' });
      later();
      fill(each.host, { file: 'work of hours' });
    });
    copyByPaths(control);
    assert.equal(readFileSync(`${control.host}/file`, 'utf8'), 'sandbox', 'the control');
    assert.deepEqual(
      (await conflicts(of)).map(({ path }) => path),
      ['file'],
    );
    assert.deepEqual(tree(of.host), { file: 'work of hours' });
  });
});

test('what is made on the host belongs to who applies it', {
  skip: process.getuid?.() !== 0 && 'CANNOT RUN HERE: needs root',
}, async (t) => {
  const [of, control] = twice(t, {}, (each) => {
    fill(each.upper, { 'dir/file': 'x' });
    for (const name of ['dir', 'dir/file']) chownSync(`${each.upper}/${name}`, 100_033, 100_033);
  });
  execFileSync('cp', ['-a', `${control.upper}/.`, control.host]);
  assert.equal(statSync(`${control.host}/dir/file`).uid, 100_033, 'the control');
  await apply(of);
  for (const name of ['dir', 'dir/file']) assert.equal(statSync(`${of.host}/${name}`).uid, 0);
});
