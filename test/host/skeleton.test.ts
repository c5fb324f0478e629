import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import type { Ground, GroundEntry } from '../../src/host/ground.ts';
import { currentSkeleton, ensureSkeleton, removeGeneration, staleGenerations } from '../../src/host/skeleton.ts';
import { cannotRun, cannotUnshare, output, ownDirectory, run, script, start, uid } from './unprivileged.ts';

/** Somebody else than who made the tree, so that it is like root's. */
const STRANGER = { uid: 4_000_000, gid: 4_000_000 };

function groundOver(...trees: string[]): Ground {
  const entries: GroundEntry[] = [];
  const seen = new Set<string>();
  for (const tree of trees) {
    for (let at = tree.indexOf('/', 1); at !== -1; at = tree.indexOf('/', at + 1)) {
      const path = tree.slice(0, at);
      if (!seen.has(path)) entries.push({ kind: 'directory', path });
      seen.add(path);
    }
    entries.push({ kind: 'overlay', path: tree });
  }
  return { entries, leftOut: [] };
}

function lastLine(text: string): Record<string, unknown> {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

function wideTree(path: string, count: number): void {
  for (let index = 0; index < count; index++) mkdirSync(`${path}/${index % 20}/${index}`, { recursive: true });
}

test('the directories of a tree, empty, without its files, links and special bits', (context) => {
  const home = ownDirectory(context);
  const tree = `${home}/tree`;
  mkdirSync(`${tree}/a/deep/er`, { recursive: true });
  mkdirSync(`${tree}/closed`, { mode: 0o555 });
  mkdirSync(`${tree}/shared`);
  chmodSync(`${tree}/shared`, 0o3775);
  mkdirSync(Buffer.from(`${tree}/caf\xe9`, 'latin1'));
  writeFileSync(`${tree}/a/file`, 'x');
  symlinkSync('/', `${tree}/a/loop`);
  const ground = groundOver(tree);
  const skeleton = ensureSkeleton(`${home}/store`, ground, undefined, STRANGER);
  const copy = skeleton.path + tree;
  assert.deepEqual(readdirSync(copy, 'latin1').sort(), ['a', 'caf\xe9', 'closed', 'shared']);
  assert.deepEqual(readdirSync(`${copy}/a`), ['deep']);
  assert.deepEqual(readdirSync(`${copy}/a/deep`), ['er']);
  assert.equal(lstatSync(`${copy}/closed`).mode & 0o7777, 0o755);
  assert.equal(lstatSync(`${copy}/shared`).mode & 0o7777, 0o775);
});

test('what the user owns needs no skeleton, but the root of an overlay always has one', (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/tree/mine/below`, { recursive: true });
  const made = lstatSync(`${home}/tree`);
  const skeleton = ensureSkeleton(`${home}/store`, groundOver(`${home}/tree`), undefined, made);
  assert.deepEqual(readdirSync(`${skeleton.path}${home}/tree`), []);
});

test('a place for everything else of a ground', (context) => {
  const home = ownDirectory(context);
  const entries: GroundEntry[] = [
    { kind: 'symlink', path: '/bin', target: 'usr/bin' },
    { kind: 'fresh', path: '/tmp' },
    { kind: 'fresh', path: '/var/tmp' },
    { kind: 'symlink', path: '/run/below/fresh', target: '/nix/x' },
    { kind: 'directory', path: '/opt' },
    { kind: 'file', path: '/opt/file' },
    { kind: 'bind', path: '/snap' },
  ];
  const skeleton = ensureSkeleton(`${home}/store`, { entries, leftOut: [] });
  assert.deepEqual(readdirSync(skeleton.path).sort(), ['bin', 'opt', 'snap', 'tmp', 'var']);
  assert.equal(readlinkSync(`${skeleton.path}/bin`), 'usr/bin');
  assert.ok(lstatSync(`${skeleton.path}/var/tmp`).isDirectory());
  assert.equal(lstatSync(`${skeleton.path}/opt/file`).size, 0);
});

test('trees that are not of the system are cut off at 2,000 directories, the deepest first', (context) => {
  const home = ownDirectory(context);
  wideTree(`${home}/tree`, 2500);
  const skeleton = ensureSkeleton(`${home}/store`, groundOver(`${home}/tree`), undefined, STRANGER);
  const copy = `${skeleton.path}${home}/tree`;
  assert.equal(readdirSync(copy).length, 20);
  const all = readdirSync(copy, { recursive: true });
  assert.equal(all.length, 1999);
});

test('the same generation as long as nothing changes, another after a change', (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/tree/a`, { recursive: true });
  const store = `${home}/store`;
  const ground = groundOver(`${home}/tree`);
  assert.equal(currentSkeleton(store, ground, STRANGER), undefined);
  const first = ensureSkeleton(store, ground, undefined, STRANGER);
  assert.deepEqual(currentSkeleton(store, ground, STRANGER), first);
  assert.deepEqual(
    ensureSkeleton(store, ground, () => assert.fail('built again'), STRANGER),
    first,
  );
  // The host replaces a directory by a file: the old skeleton would hide it.
  renameSync(`${home}/tree/a`, `${home}/elsewhere`);
  writeFileSync(`${home}/tree/a`, 'now a file');
  assert.equal(currentSkeleton(store, ground, STRANGER), undefined);
  const second = ensureSkeleton(store, ground, undefined, STRANGER);
  assert.notEqual(second.generation, first.generation);
  assert.deepEqual(readdirSync(`${second.path}${home}/tree`), []);
  assert.ok(existsSync(`${first.path}${home}/tree/a`), 'the old one stays as it was: sandboxes may run on it');
});

test('another ground and another user have skeletons of their own', (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/tree`);
  const store = `${home}/store`;
  const ground = groundOver(`${home}/tree`);
  const first = ensureSkeleton(store, ground, undefined, STRANGER);
  assert.equal(currentSkeleton(store, ground, { uid: 5, gid: 5 }), undefined);
  const wider: Ground = { entries: [...ground.entries, { kind: 'fresh', path: '/tmp/x' }], leftOut: [] };
  const second = ensureSkeleton(store, wider, undefined, STRANGER);
  assert.notEqual(second.generation, first.generation);
  // Back to the first ground: its generation is still there and taken as it is.
  assert.deepEqual(
    ensureSkeleton(store, ground, () => assert.fail('built again'), STRANGER),
    first,
  );
});

test('a damaged current.json means to build it again, a lost generation too', (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/tree`);
  const store = `${home}/store`;
  const ground = groundOver(`${home}/tree`);
  const first = ensureSkeleton(store, ground, undefined, STRANGER);
  for (const text of ['', '{', 'null', '{"version":2}', '{"version":1,"generation":"../..","watched":[]}']) {
    writeFileSync(`${store}/host/current.json`, text);
    assert.equal(currentSkeleton(store, ground, STRANGER), undefined, text);
    assert.deepEqual(ensureSkeleton(store, ground, undefined, STRANGER), first);
  }
  removeGeneration(store, first.generation);
  assert.equal(existsSync(first.path), false);
  assert.deepEqual(ensureSkeleton(store, ground, undefined, STRANGER), first);
  assert.ok(existsSync(first.path));
});

test('stale are all but the current generation, the one before it, and those in use', (context) => {
  const home = ownDirectory(context);
  const store = `${home}/store`;
  const made: string[] = [];
  for (let index = 0; index < 5; index++) {
    const ground: Ground = { entries: [{ kind: 'fresh', path: `/place${index}` }], leftOut: [] };
    made.push(ensureSkeleton(store, ground).generation);
  }
  const [first, second, third] = made;
  assert.ok(first && second && third);
  assert.deepEqual(staleGenerations(store, new Set()).sort(), [first, second, third].sort());
  assert.deepEqual(staleGenerations(store, new Set([second])).sort(), [first, third].sort());
  for (const generation of staleGenerations(store, new Set([second]))) removeGeneration(store, generation);
  assert.deepEqual(staleGenerations(store, new Set([second])), []);
  removeGeneration(store, first); // no error: gone already
  assert.deepEqual(staleGenerations(`${home}/nowhere`, new Set()), []);
});

const skip = cannotRun();

test('an unprivileged user builds the skeleton of this host: /etc is copied, secrets are not', {
  skip,
}, async (context) => {
  const home = ownDirectory(context);
  const { status, stdout, stderr } = await output(start('build-skeleton.ts', [`${home}/store`, 'host']));
  assert.equal(status, 0, stderr);
  const path = String(lastLine(stdout).path);
  assert.equal(lstatSync(path).uid, uid);
  assert.ok(lstatSync(`${path}/usr/lib`).isDirectory());
  assert.deepEqual(readFileSync(`${path}/etc/passwd`), readFileSync('/etc/passwd'));
  assert.equal(lstatSync(`${path}/etc/passwd`).mtime.getTime(), lstatSync('/etc/passwd').mtime.getTime());
  assert.equal(existsSync(`${path}/etc/shadow`), false);
  assert.deepEqual(readdirSync(`${path}/home`), []);
  assert.deepEqual(readdirSync(`${path}/proc`), []);
  // Links and files only where /usr itself is ground around mounts.
  assert.equal(run('find', [`${path}/usr`, '-mindepth', '2', '-not', '-type', 'd']).stdout, '');
});

test('two builders at once: both get the same whole skeleton, nothing is left over', { skip }, async (context) => {
  const home = ownDirectory(context);
  wideTree(`${home}/tree`, 1900);
  // Root's when the tests run as root, else the user's own, where only the root of the tree is made.
  const builders = [1, 2].map(() => output(start('build-skeleton.ts', [`${home}/store`, `${home}/tree`])));
  const results = await Promise.all(builders);
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  const [first, second] = results.map(({ stdout }) => lastLine(stdout).generation);
  assert.equal(first, second);
  assert.deepEqual(readdirSync(`${home}/store/host`).sort(), [String(first), 'current.json'].sort());
});

test('a builder killed midway leaves no half skeleton, and the next one cleans up', { skip }, async (context) => {
  const home = ownDirectory(context);
  const store = `${home}/store`;
  const child = start('build-skeleton.ts', [store, 'host']);
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  child.kill('SIGKILL');
  await output(child);
  const left = readdirSync(`${store}/host`);
  assert.equal(left.length, 1);
  assert.match(left[0] ?? '', /^\.tmp-\d+-\d+-\d+-1$/);
  const { status, stdout, stderr } = await output(start('build-skeleton.ts', [store, `${home}`]));
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(`${store}/host`).sort(), [String(lastLine(stdout).generation), 'current.json'].sort());
});

const noNamespaces = skip || cannotUnshare();

test('a full disk is told as such and nothing is left on it', { skip: noNamespaces }, (context) => {
  const home = ownDirectory(context);
  for (const option of ['nr_inodes=60', 'size=256k']) {
    const commands = `mount -t tmpfs -o ${option} tmpfs "$1" && "$2" "$3" "$1/store" /etc /usr; status=$?
      find "$1/store/host" -mindepth 1; exit $status`;
    const { status, stdout, stderr } = run('unshare', [
      '-Urm', 'sh', '-c', commands, 'sh', home, process.execPath, script('build-skeleton.ts'),
    ]); // biome-ignore format: one command
    assert.equal(status, 3, stderr);
    const failure = JSON.parse(
      stdout
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('progress'))
        .join(' '),
    );
    assert.equal(failure.code, 'STORE_FULL');
    assert.match(failure.message, /ENOSPC/);
    assert.match(failure.hint, /XDG_DATA_HOME/);
  }
});

test('a store that cannot be written is told as such', { skip }, async (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/locked`, { mode: 0o555 });
  const { status, stdout } = await output(start('build-skeleton.ts', [`${home}/locked/store`, home]));
  assert.equal(status, 3);
  assert.equal(lastLine(stdout).code, 'STORE');
  assert.match(String(lastLine(stdout).message), /EACCES/);
});

/** Mounts every overlay of a ground, as the plan does, and then does what people do in a sandbox. */
function overlayScript(ground: Ground, generation: string, work: string): string {
  const lines = ['set -e', `mkdir -p ${work}/root ${work}/layers`, `mount -t tmpfs tmpfs ${work}/layers`];
  let index = 0;
  for (const { kind, path } of ground.entries) {
    if (kind !== 'overlay') continue;
    index += 1;
    const layer = `${work}/layers/${index}`;
    lines.push(
      `mkdir -p ${layer}/upper ${layer}/work ${layer}/at`,
      `mount -t overlay overlay -o 'userxattr,lowerdir=${generation}${path}:${path},upperdir=${layer}/upper,workdir=${layer}/work' ${layer}/at`,
      `ln -s ${layer}/at ${work}/layers/at${path.replaceAll('/', '_')}`,
    );
  }
  return lines.join('\n');
}

test('the kernel takes every overlay of this host, and software can be added, replaced and removed', {
  skip: noNamespaces,
}, async (context) => {
  const home = ownDirectory(context);
  const built = await output(start('build-skeleton.ts', [`${home}/store`, 'host']));
  const { path, ground } = lastLine(built.stdout) as { path: string; ground: Ground };
  const commands = `${overlayScript(ground, path, home)}
    usr=${home}/layers/at_usr; etc=${home}/layers/at_etc
    test -d $usr || { echo no-usr; exit 0; }
    echo new > $usr/bin/new-program; mkdir $usr/share/new; rm $usr/bin/env; test ! -e $usr/bin/env
    cp $usr/bin/id $usr/bin/env; test -s $usr/bin/env
    if test -d $etc; then echo '127.0.0.9 added' >> $etc/hosts; grep -q added $etc/hosts; fi
    echo done`;
  const { stdout, stderr } = run('unshare', ['-Urm', 'sh', '-c', commands]);
  assert.match(stdout, /done|no-usr/, stderr);
});
