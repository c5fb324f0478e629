import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import {
  apply,
  attribute,
  attributes,
  changesOf,
  conflicts,
  discard,
  fill,
  later,
  opaque,
  rawApply,
  summary,
  TEMPORARY,
  tree,
  trial,
  whiteout,
} from './support/trial.ts';

describe('what was changed', () => {
  test('added, modified, deleted and changed types are told apart; what was only copied up is none of them', async (t) => {
    const of = trial(t, { same: 'same', edited: 'old', gone: 'x', 'dir/inner': '12', type: 'file', 'was/a': '1' });
    fill(of.upper, { same: 'same', edited: 'new!', added: '123', 'type/inside': 'x', was: 'now a file', 'dir/': '' });
    whiteout(`${of.upper}/gone`);
    assert.deepEqual(await summary(of), ['A added', 'M edited', 'D gone', 'T type', 'A type/inside', 'T was']);
    const [, edited] = await changesOf(of);
    assert.deepEqual([edited?.size, edited?.oldSize, edited?.aspects], [4, 3, ['content']]);
  });

  test('a directory that was deleted is one change, with its size', async (t) => {
    const of = trial(t, { 'dir/a': '123', 'dir/b/c': '4567' });
    whiteout(`${of.upper}/dir`);
    const [change, ...others] = await changesOf(of);
    assert.deepEqual(others, []);
    assert.deepEqual([change?.change, change?.kind, change?.size, change?.files], ['deleted', 'directory', 7, 2]);
  });

  test('an opaque directory hides what is below, in its directories too, and what is the same again is no change', async (t) => {
    const of = trial(t, { 'dir/a': '1', 'dir/b': '2', 'dir/sub/c': '3', 'dir/sub/d': '4' });
    fill(of.upper, { 'dir/b': '2', 'dir/sub/d': '5' });
    opaque(`${of.upper}/dir`);
    assert.deepEqual(await summary(of), ['D dir/a', 'D dir/sub/c', 'M dir/sub/d']);
  });

  test('modes, attributes and executables are noticed; attributes of overlays are nobody’s', async (t) => {
    const of = trial(t, { mode: 'x', xattr: 'x', overlay: 'x' });
    fill(of.upper, { mode: 'x', xattr: 'x', overlay: 'x', '.git/hooks/post-checkout': '#!/bin/sh' });
    chmodSync(`${of.upper}/mode`, 0o755);
    attribute(`${of.upper}/xattr`, 'user.mine', '1');
    attribute(`${of.upper}/overlay`, 'user.overlay.origin', '1');
    const changes = await changesOf(of);
    const told = changes.map(({ path, aspects, warnings }) => [path, aspects, warnings]);
    assert.deepEqual(told, [
      ['.git', [], []],
      ['.git/hooks', [], []],
      ['.git/hooks/post-checkout', [], ['git runs it']],
      ['mode', ['mode'], ['executable']],
      ['xattr', ['xattrs'], []],
    ]);
  });

  test('paths and patterns select, and what means nothing is an error', async (t) => {
    const of = trial(t);
    fill(of.upper, { 'a/x.ts': '', 'a/b/y.ts': '', 'z.ts': '', '[q]': '', q: '' });
    const paths = async (...patterns: string[]) => (await changesOf(of, ...patterns)).map(({ path }) => path);
    assert.deepEqual(await paths('*.ts'), ['z.ts']);
    assert.deepEqual(await paths('**/*.ts'), ['a/b/y.ts', 'a/x.ts', 'z.ts']);
    assert.deepEqual(await paths('a/b/'), ['a/b', 'a/b/y.ts']);
    assert.deepEqual(await paths('[q]'), ['[q]', 'q']);
    await assert.rejects(paths('nothing', 'a'), /no change has the path.*nothing/);
  });
});

describe('applying', () => {
  test('makes the host what the sandbox saw, and nothing is left to be reviewed', async (t) => {
    const of = trial(t, { edited: 'old', gone: 'x', 'dir/a': '1', 'dir/b': '2', type: 'f', 'was/a/b': '1', keep: 'k' });
    symlinkSync('dir', `${of.host}/to-directory`);
    later();
    fill(of.upper, { 'to-directory/x': 'x' });
    fill(of.upper, { edited: 'new', 'type/in/side': 'x', was: 'file', 'dir/n': 'n', 'empty/': '' });
    opaque(`${of.upper}/dir`);
    whiteout(`${of.upper}/gone`);
    symlinkSync('edited', `${of.upper}/link`);
    const { left } = await apply(of);
    assert.deepEqual(left, []);
    assert.deepEqual(tree(of.host), {
      'dir/': '',
      'dir/n': 'n',
      edited: 'new',
      'empty/': '',
      keep: 'k',
      link: '-> edited',
      'to-directory/': '',
      'to-directory/x': 'x',
      'type/': '',
      'type/in/': '',
      'type/in/side': 'x',
      was: 'file',
    });
    assert.deepEqual(await summary(of), []);
  });

  test('keeps modes, times and attributes, but no set-id bits and no attributes of overlays', async (t) => {
    const of = trial(t);
    fill(of.upper, { tool: 'x', 'dir/f': 'x' });
    attribute(`${of.upper}/tool`, 'user.mine', '1');
    attribute(`${of.upper}/tool`, 'user.overlay.metacopy', '');
    chmodSync(`${of.upper}/tool`, 0o6755);
    chmodSync(`${of.upper}/dir`, 0o500);
    for (const name of ['tool', 'dir']) utimesSync(`${of.upper}/${name}`, 1e9, 1e9 + 0.5);
    const { notes } = await apply(of);
    assert.deepEqual(notes, [{ path: 'tool', reason: 'without its set-uid and set-gid bits' }]);
    const about = (name: string) => [
      statSync(`${of.host}/${name}`).mode & 0o7777,
      statSync(`${of.host}/${name}`).mtimeMs,
    ];
    assert.deepEqual(about('tool'), [0o755, 1e12 + 500]);
    assert.deepEqual(about('dir'), [0o500, 1e12 + 500]);
    assert.deepEqual(attributes(`${of.host}/tool`), ['user.mine']);
  });

  test('names of one file stay names of one file', async (t) => {
    const of = trial(t, { c: 'old' });
    fill(of.upper, { a: 'shared', 'd/': '' });
    linkSync(`${of.upper}/a`, `${of.upper}/d/b`);
    linkSync(`${of.upper}/a`, `${of.upper}/c`);
    await apply(of);
    const inodes = new Set(['a', 'd/b', 'c'].map((name) => statSync(`${of.host}/${name}`).ino));
    assert.equal(inodes.size, 1);
    assert.deepEqual(readdirSync(of.upper), []);
  });

  test('new names of a file that the host has become names of that one', async (t) => {
    const of = trial(t, { a: 'x' });
    fill(of.upper, { a: 'x' });
    linkSync(`${of.upper}/a`, `${of.upper}/b`);
    await apply(of);
    assert.equal(statSync(`${of.host}/b`).ino, statSync(`${of.host}/a`).ino);
  });

  test('names with line breaks, of bytes that are no UTF-8, and with dashes; 2000 directories deep', async (t) => {
    const of = trial(t);
    const names = [Buffer.from('line\nbreak'), Buffer.from([0xff, 0xfe, 0x41]), Buffer.from('-rf'), Buffer.from(' ')];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${of.upper}/`), name]), 'x');
    const before = process.cwd();
    process.chdir(of.upper);
    for (let depth = 0; depth < 2000; depth++) {
      mkdirSync('deep-directory');
      process.chdir('deep-directory');
    }
    writeFileSync('bottom', 'reached');
    process.chdir(before);
    const { left } = await apply(of);
    assert.deepEqual(left, []);
    const found = readdirSync(of.host, { encoding: 'latin1' }).sort();
    assert.deepEqual(found, [...names.map((name) => name.toString('latin1')), 'deep-directory'].sort());
    process.chdir(of.host);
    for (let depth = 0; depth < 2000; depth++) process.chdir('deep-directory');
    assert.equal(readFileSync('bottom', 'utf8'), 'reached');
    process.chdir(before);
  });

  test('only what is selected, with the new directories that it lies in; the rest stays', async (t) => {
    const of = trial(t, { 'old/a': '1', 'old/b': '2' });
    fill(of.upper, { 'new/in/x': 'x', 'new/y': 'y', 'old/c': '3' });
    opaque(`${of.upper}/new`);
    opaque(`${of.upper}/old`);
    await apply(of, { patterns: ['new/in', 'old/a'] });
    assert.deepEqual(tree(of.host), {
      'new/': '',
      'new/in/': '',
      'new/in/x': 'x',
      'old/': '',
      'old/b': '2',
    });
    assert.deepEqual(await summary(of), ['A new/y', 'D old/b', 'A old/c']);
    await apply(of);
    assert.deepEqual(tree(of.host), {
      'new/': '',
      'new/in/': '',
      'new/in/x': 'x',
      'new/y': 'y',
      'old/': '',
      'old/c': '3',
    });
  });

  test('a dry run changes nothing', async (t) => {
    const of = trial(t, { a: '1' });
    fill(of.upper, { a: '2', b: '3' });
    const { applied } = await apply(of, { dryRun: true });
    assert.deepEqual(
      applied.map(({ path }) => path),
      ['a', 'b'],
    );
    assert.deepEqual(tree(of.host), { a: '1' });
  });

  test('devices and sockets stay, and are told', async (t) => {
    const of = trial(t);
    fill(of.upper, { a: '1' });
    // Whatever is no whiteout: as root a real device, else there is none to be had.
    if (process.getuid?.() !== 0) return t.skip('cannot run here: needs root to make a device');
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    execFileSync('mknod', [`${of.upper}/null`, 'c', '1', '3']);
    const { left } = await apply(of);
    assert.deepEqual(left, [{ path: 'null', reason: 'a device is never applied' }]);
    assert.deepEqual(tree(of.host), { a: '1' });
  });
});

describe('the host was changed since', () => {
  test('nothing at all is applied, and each is named', async (t) => {
    const of = trial(t, { edited: 'old', gone: 'x', 'dir/a': '1', fine: '1' });
    fill(of.upper, { edited: 'sandbox', fine: '2', made: 'sandbox' });
    whiteout(`${of.upper}/gone`);
    whiteout(`${of.upper}/dir`);
    later();
    fill(of.host, { edited: 'host', gone: 'changed', 'dir/new': 'x', made: 'host' });
    const before = tree(of.host);
    const found = await conflicts(of);
    assert.deepEqual(found.map(({ path }) => path).sort(), ['dir', 'edited', 'gone', 'made']);
    assert.deepEqual(tree(of.host), before);
    await apply(of, { patterns: ['fine'] });
    assert.equal(tree(of.host).fine, '2');
    const { left } = await apply(of, { force: true });
    assert.deepEqual(left, []);
    assert.deepEqual(tree(of.host), { edited: 'sandbox', fine: '2', made: 'sandbox' });
  });

  test('an old file that was renamed to the place counts too', async (t) => {
    const of = trial(t, { a: 'old', other: 'older' });
    fill(of.upper, { a: 'sandbox' });
    later();
    renameSync(`${of.host}/other`, `${of.host}/a`);
    assert.deepEqual(
      (await conflicts(of)).map(({ path }) => path),
      ['a'],
    );
  });

  test('an opaque directory takes away nothing that came later', async (t) => {
    const of = trial(t, { 'dir/a': '1' });
    fill(of.upper, { 'dir/n': 'n' });
    opaque(`${of.upper}/dir`);
    later();
    fill(of.host, { 'dir/later': 'host' });
    assert.deepEqual(
      (await conflicts(of)).map(({ path }) => path),
      ['dir/later'],
    );
  });

  test('what the host has already is no conflict: an interrupted run goes on', async (t) => {
    const of = trial(t, { a: 'old', 'gone/x': '1' });
    fill(of.upper, { a: 'new', b: 'b', 'd/e': 'e' });
    whiteout(`${of.upper}/gone`);
    // As it is after a run that was killed before it could take them out: new files on the host, half a tree removed.
    later();
    fill(of.host, { a: 'new', 'd/': '', [TEMPORARY]: 'half' });
    const { rmSync } = process.getBuiltinModule('node:fs');
    rmSync(`${of.host}/gone/x`);
    const { left } = await apply(of);
    assert.deepEqual(left, []);
    assert.deepEqual(tree(of.host), { a: 'new', b: 'b', 'd/': '', 'd/e': 'e' });
  });

  test('where the sandbox saw nothing of the host, what is there is not overwritten', async (t) => {
    const of = trial(t, { '.profile': 'mine' });
    const [part] = of.parts;
    assert(part);
    const skeleton = `${of.directory}/skeleton`;
    mkdirSync(skeleton);
    const home = { ...of, parts: [{ ...part, lowers: [skeleton], hostIsLower: false, place: '/' }] };
    fill(of.upper, { '.profile': 'sandbox', '.new': 'x' });
    assert.deepEqual(
      (await conflicts(home)).map(({ path }) => path),
      ['/.profile'],
    );
    await apply(home, { patterns: ['/.new'] });
    assert.deepEqual(tree(of.host), { '.new': 'x', '.profile': 'mine' });
  });
});

describe('discarding', () => {
  test('some: in the sandbox they are as on the host again', async (t) => {
    const of = trial(t, { a: '1', 'dir/x': '1', 'dir/y': '2' });
    fill(of.upper, { a: '2', 'dir/x': '3', 'new/deep/f': '', 'dir/z': '' });
    opaque(`${of.upper}/dir`);
    await discard(of, 'a', 'new', 'dir/y');
    assert.deepEqual(await summary(of), ['M dir/x', 'A dir/z']);
    assert.deepEqual(tree(of.host), { a: '1', 'dir/': '', 'dir/x': '1', 'dir/y': '2' });
  });

  test('all of them', async (t) => {
    const of = trial(t, { a: '1' });
    fill(of.upper, { a: '2', 'new/deep/f': '' });
    assert.deepEqual(await discard(of), ['a', 'new', 'new/deep', 'new/deep/f']);
    assert.deepEqual(readdirSync(of.upper), []);
  });
});

test('an entry that cannot be written stays with its reason, and the others are applied', async (t) => {
  const of = trial(t, { a: '1' });
  fill(of.upper, { a: '2', 'way/x': '1' });
  symlinkSync('/tmp', `${of.host}/way`);
  const given = await rawApply(of, { force: true });
  assert(given.kind === 'applied');
  // The link of the host gives way to the directory; nothing is written through it.
  assert.equal(lstatSync(`${of.host}/way`).isDirectory(), true);
  assert.equal(tree(of.host)['way/x'], '1');
});
