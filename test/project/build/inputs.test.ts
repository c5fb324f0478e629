import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { copyInputs, digestInputs } from '../../../src/project/build/input-content.ts';
import { findInputs } from '../../../src/project/build/inputs.ts';
import { isUnchanged } from '../../../src/project/stamp.ts';
import type { Digest } from '../../../src/store/digest.ts';

/** A project's directory with these files; a name that ends in `/` is a directory. */
function project(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(`${tmpdir()}/inputs-`);
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) write(path, name, content);
  return path;
}

function write(directory: string, name: string, content: string): void {
  const path = `${directory}/${name}`;
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  if (name.endsWith('/')) mkdirSync(path, { recursive: true });
  else writeFileSync(path, content);
}

function names(directory: string, ...patterns: string[]): string[] {
  return findInputs(directory, patterns).inputs.map(({ path }) => path);
}

function store(t: TestContext): string {
  const path = mkdtempSync(`${tmpdir()}/store-`);
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function digest(place: string, directory: string, ...patterns: string[]): Digest {
  return digestInputs(place, directory, findInputs(directory, patterns).inputs);
}

/** As if it had been written a while ago: a file that is younger than a tick is read in any case. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 80));
}

describe('inputs of a step', () => {
  it('are files, everything below directories, and what patterns match, in order and once each', (t) => {
    const directory = project(t, {
      'package.json': '{}',
      'src/b.c': '',
      'src/a.c': '',
      'src/deep/er/c.c': '',
      'src/deep/er/c.h': '',
      'src/.hidden': '',
      'src/empty/': '',
      'other.c': '',
    });
    assert.deepEqual(names(directory, 'package.json'), ['package.json']);
    assert.deepEqual(names(directory, './src/'), [
      'src/.hidden',
      'src/a.c',
      'src/b.c',
      'src/deep/er/c.c',
      'src/deep/er/c.h',
    ]);
    assert.deepEqual(names(directory, '**/*.c'), ['other.c', 'src/a.c', 'src/b.c', 'src/deep/er/c.c']);
    assert.deepEqual(names(directory, 'src/*.c', 'src', '*.json').length, 6);
    assert.deepEqual(names(directory, 'src/d*'), ['src/deep/er/c.c', 'src/deep/er/c.h']);
    assert.deepEqual(names(directory, 'missing/**', '*.zig'), []);
  });

  it('are in the order of their bytes, however they were named and stored', (t) => {
    const directory = project(t, { b: '', a: '', 'é/x': '', 'a-/x': '', c: '' });
    const sorted = ['a', 'a-/x', 'b', 'c', 'é/x'];
    assert.deepEqual(names(directory, 'é', 'c', 'b', 'a-', 'a'), sorted);
    assert.deepEqual(names(directory, 'c', '.', 'b', '**'), sorted);
  });

  it('are never what the project says about itself, but for who names it', (t) => {
    const directory = project(t, {
      'sandbox.toml': '',
      'sandbox.local.toml': '',
      'sandbox.lock': '',
      '.sandbox/bin/node': '',
      '.git/HEAD': '',
      'vendor/x/.git/HEAD': '',
      'vendor/x/sandbox.toml': '',
      a: '',
    });
    assert.deepEqual(names(directory, '.'), ['a', 'vendor/x/sandbox.toml']);
    assert.deepEqual(names(directory, '**'), ['a', 'vendor/x/sandbox.toml']);
    assert.deepEqual(names(directory, 'sandbox.toml'), ['sandbox.toml']);
  });

  it('must be there where they are named, and below the project', (t) => {
    const directory = project(t, { a: '' });
    const refused = (pattern: string, message: RegExp): void =>
      assert.throws(() => names(directory, pattern), { code: 'INPUT', message });
    refused('missing.txt', /there is no "missing\.txt"/);
    refused('a/b', /there is no "a\/b"/);
    refused('../a', /not below the project's directory/);
    refused('/etc/passwd', /not below the project's directory/);
    refused('x/../../**', /not below the project's directory/);
  });

  it('are links themselves: none is followed', (t) => {
    const directory = project(t, { 'real/file': 'x' });
    const outside = project(t, { secret: 'outside' });
    symlinkSync(outside, `${directory}/out`);
    symlinkSync('real', `${directory}/in`);
    assert.deepEqual(names(directory, '.'), ['in', 'out', 'real/file']);
    assert.deepEqual(names(directory, '**/secret'), []);
    assert.throws(() => names(directory, 'out/secret'), {
      code: 'INPUT',
      message: /leads through out, which is a link/,
    });
    assert.throws(() => names(directory, 'out/*'), { code: 'INPUT' });
  });

  it('leave stamps of all that was looked at: what is added to a directory is noticed', async (t) => {
    const directory = project(t, { 'src/a': '1' });
    await settle();
    const taken = Date.now();
    const { stamps } = findInputs(directory, ['src/*', 'not/yet/*']);
    assert.equal(isUnchanged(stamps, taken), true);
    write(directory, 'src/b', '');
    assert.equal(isUnchanged(stamps, taken), false);
    rmSync(`${directory}/src/b`);
    const again = findInputs(directory, ['src/*', 'not/yet/*']).stamps;
    write(directory, 'not/yet/x', '');
    assert.equal(isUnchanged(again, Date.now() + 1000), false);
  });
});

describe('the digest of inputs', () => {
  it('depends on names, content, the executable bit and targets of links, and on nothing else', async (t) => {
    const place = store(t);
    const directory = project(t, { 'd/a': 'one', 'd/b': 'two' });
    symlinkSync('a', `${directory}/d/l`);
    const first = digest(place, directory, 'd');
    utimesSync(`${directory}/d/a`, 1, 1);
    chmodSync(`${directory}/d/a`, 0o600);
    mkdirSync(`${directory}/d/empty`);
    assert.equal(digest(place, directory, 'd'), first);
    const changes: ReadonlyArray<readonly [string, () => void, () => void]> = [
      ['content', () => writeFileSync(`${directory}/d/a`, 'onE'), () => writeFileSync(`${directory}/d/a`, 'one')],
      ['mode', () => chmodSync(`${directory}/d/b`, 0o755), () => chmodSync(`${directory}/d/b`, 0o644)],
      ['name', () => write(directory, 'd/c', ''), () => rmSync(`${directory}/d/c`)],
      [
        'target',
        () => {
          rmSync(`${directory}/d/l`);
          symlinkSync('b', `${directory}/d/l`);
        },
        () => {
          rmSync(`${directory}/d/l`);
          symlinkSync('a', `${directory}/d/l`);
        },
      ],
    ];
    for (const [what, change, back] of changes) {
      change();
      assert.notEqual(digest(place, directory, 'd'), first, what);
      back();
      assert.equal(digest(place, directory, 'd'), first, `${what}, and back`);
    }
  });

  it('is had without reading files that look as they did', async (t) => {
    const place = store(t);
    const directory = project(t, { a: 'content' });
    await settle();
    const first = digest(place, directory, 'a');
    // Nobody but root can read it now; root sees that it is not opened by its time of access being what it was.
    const before = statSync(`${directory}/a`, { bigint: true }).atimeNs;
    assert.equal(digest(place, directory, 'a'), first);
    assert.equal(statSync(`${directory}/a`, { bigint: true }).atimeNs, before);
    const index = JSON.parse(readFileSync(`${place}/projects/${projectOf(place)}/.inputs.json`, 'utf8'));
    assert.equal(index.files.length, 1);
    index.files[0][1][1] = 'f'.repeat(64);
    writeFileSync(`${place}/projects/${projectOf(place)}/.inputs.json`, JSON.stringify(index));
    assert.notEqual(digest(place, directory, 'a'), first);
    appendFileSync(`${directory}/a`, '!');
    const changed = digest(place, directory, 'a');
    rmSync(`${place}/projects`, { recursive: true });
    assert.equal(digest(place, directory, 'a'), changed);
  });
});

function projectOf(place: string): string {
  const [id = ''] = process.getBuiltinModule('node:fs').readdirSync(`${place}/projects`);
  return id;
}

describe('a copy of inputs', () => {
  it("is what the digest says, with the times of the image and modes that are everybody's", (t) => {
    const directory = project(t, { 'a/b/c': 'text', run: '#!/bin/sh' });
    chmodSync(`${directory}/run`, 0o700);
    chmodSync(`${directory}/a/b/c`, 0o600);
    symlinkSync('/etc/passwd', `${directory}/a/link`);
    const { inputs } = findInputs(directory, ['.']);
    const target = `${store(t)}/inputs`;
    const epoch = 1_000_000_000;
    assert.equal(copyInputs(directory, inputs, { target, epoch }), digestInputs(store(t), directory, inputs));
    assert.equal(readFileSync(`${target}/a/b/c`, 'utf8'), 'text');
    assert.equal(readlinkSync(`${target}/a/link`), '/etc/passwd');
    const modes = ['', '/a', '/a/b/c', '/run'].map((name) => (statSync(target + name).mode & 0o7777).toString(8));
    assert.deepEqual(modes, ['755', '755', '644', '755']);
    for (const name of ['', '/a', '/a/b/c', '/a/link'])
      assert.equal(lstatSync(target + name).mtimeMs, epoch * 1000, name);
  });

  it('names a file that went away, or became a link, since it was found', (t) => {
    const directory = project(t, { 'a/secret': 'mine', b: '' });
    const outside = project(t, { secret: 'of the host' });
    const { inputs } = findInputs(directory, ['.']);
    rmSync(`${directory}/b`);
    const copy = (): unknown => copyInputs(directory, inputs, { target: `${store(t)}/inputs`, epoch: 0 });
    assert.throws(copy, { code: 'INPUT', message: /inputs: b: it went away/ });
    writeFileSync(`${directory}/b`, '');
    rmSync(`${directory}/a`, { recursive: true });
    symlinkSync(outside, `${directory}/a`);
    assert.throws(copy, { code: 'INPUT', message: /inputs: a\/secret: it went away, or became something else/ });
  });
});
