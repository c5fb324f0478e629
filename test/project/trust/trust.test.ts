import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadProject } from '../../../src/project/load.ts';
import { digestOfProject } from '../../../src/project/trust/digest.ts';
import { realPathSoFar } from '../../../src/project/trust/real-path.ts';
import { isTrusted, listTrusted, revokeTrust, setTrusted } from '../../../src/project/trust/record.ts';
import { demandsOf } from '../../../src/project/trust/trust.ts';
import { ensureProjectPath, writeAside } from '../../../src/store/projects.ts';

interface Place {
  readonly home: string;
  readonly directory: string;
  readonly store: string;
}

function place(t: TestContext): Place {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'trust-')));
  t.after(() => rmSync(base, { recursive: true }));
  for (const name of ['home/.ssh', 'project/data', 'store']) mkdirSync(`${base}/${name}`, { recursive: true });
  return { home: `${base}/home`, directory: `${base}/project`, store: `${base}/store` };
}

/** What the environments of a file ask for. */
async function demands({ home, directory }: Place, text: string, name = 'default'): Promise<readonly string[]> {
  writeFileSync(`${directory}/sandbox.toml`, text);
  const project = await loadProject(directory);
  const environment = project.environments.get(name);
  assert.ok(environment);
  return demandsOf(project, environment, home);
}

test('what stays in the project asks for nothing', async (t) => {
  const here = place(t);
  const text = `
    image = "debian"
    volumes = ["./data:/data", "./data:/more:ro", "./:/all"]
    profile = "strict"
    network = "host"
    pass-env = ["TERM", "LC_*"]
    cache = ["npm"]
    limits = { memory = "1g" }
    tmpfs = ["/scratch"]
    ports = [80]
  `;
  assert.deepEqual(await demands(here, text), []);
});

test('what leads out of the project is asked for, by its real path', async (t) => {
  const here = place(t);
  const { home, directory } = here;
  symlinkSync(`${home}/.ssh`, `${directory}/keys`);
  symlinkSync('keys', `${directory}/again`);
  symlinkSync('..', `${directory}/up`);
  const shown = `${home}/.ssh of this machine, as /x, to read and to change`;
  for (const source of [
    '~/.ssh',
    './keys',
    './again',
    `${home}/.ssh`,
    './up/home/.ssh',
    './../home/.ssh',
    './data/../keys/',
  ]) {
    assert.deepEqual(await demands(here, `image = "debian"\nvolumes = ["${source}:/x"]`), [shown], source);
  }
  const above = await demands(here, 'image = "debian"\nvolumes = ["./..:/x:ro"]');
  assert.deepEqual(above, [`${directory.replace('/project', '')} of this machine, as /x, to read`]);
  const root = await demands(here, 'image = "debian"\nvolumes = ["/:/x:ro"]');
  assert.deepEqual(root, ['/ of this machine, as /x, to read']);
  // A directory whose name only begins like the project's.
  mkdirSync(`${directory}-other`);
  assert.equal((await demands(here, 'image = "debian"\nvolumes = ["./../project-other:/x"]')).length, 1);
});

test('variables, secrets, the session, devices and profiles that somebody made are asked for', async (t) => {
  const text = `
    image = "debian"
    pass-env = ["AWS_*", "TERM", "GITHUB_TOKEN"]
    secrets = ["NPM_TOKEN"]
    session = ["ssh-agent"]
    devices = ["/dev/fuse"]
    profile = "work"
    [env.test]
    image = "debian"
  `;
  const here = place(t);
  assert.deepEqual(await demands(here, text), [
    'your variable AWS_*',
    'your variable GITHUB_TOKEN',
    'the secret NPM_TOKEN',
    'ssh-agent of your session',
    'the device /dev/fuse',
    'your own profile work',
  ]);
  assert.deepEqual(await demands(here, text, 'test'), []);
});

test('what somebody wrote cannot pass for words of ours', async (t) => {
  const here = place(t);
  const [demand] = await demands(here, 'image = "debian"\nvolumes = ["/etc, which is harmless:/x"]');
  assert.equal(demand, '"/etc, which is harmless" of this machine, as /x, to read and to change');
});

test('a directory that others can write to is asked about', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async (t) => {
  const here = place(t);
  chmodSync(here.directory, 0o777);
  assert.match((await demands(here, 'image = "debian"')).join(), /everybody can write/);
  chmodSync(here.directory, 0o755);
  chownSync(here.directory, 12345, 12345);
  assert.match((await demands(here, 'image = "debian"')).join(), /belongs to another user \(12345\)/);
});

test('a real path goes as far as there is something', (t) => {
  const { home, directory } = place(t);
  symlinkSync(`${home}/.ssh`, `${directory}/keys`);
  symlinkSync(`${home}/missing`, `${directory}/dangling`);
  assert.equal(realPathSoFar(`${directory}/keys/new/file`), `${home}/.ssh/new/file`);
  assert.equal(realPathSoFar(`${directory}/keys/../x`), `${home}/x`);
  assert.equal(realPathSoFar(`${directory}/dangling`), `${directory}/dangling`);
  assert.equal(realPathSoFar(`${directory}/none/../../x`), `${directory.replace('/project', '')}/x`);
  assert.equal(realPathSoFar('/'), '/');
  assert.equal(realPathSoFar('/none-of-that'), '/none-of-that');
});

test('trust is for a directory, the bytes of its files, and what these asked for', async (t) => {
  const { directory, store } = place(t);
  writeFileSync(`${directory}/sandbox.toml`, 'image = "debian"\n');
  const digest = digestOfProject(directory) ?? '';
  assert.equal((await loadProject(directory)).digest, digest);
  assert.ok(!isTrusted(store, directory, digest));
  setTrusted(store, { directory, digest, demands: ['a', 'b'] });
  assert.ok(isTrusted(store, directory, digest));
  assert.ok(isTrusted(store, directory, digest, ['b']));
  // A link that leads elsewhere now.
  assert.ok(!isTrusted(store, directory, digest, ['b', 'c']));
  assert.ok(!isTrusted(store, `${directory}/data`, digest));
  writeFileSync(`${directory}/sandbox.local.toml`, '');
  const other = digestOfProject(directory) ?? '';
  assert.equal((await loadProject(directory)).digest, other);
  assert.notEqual(other, digest);
  assert.ok(!isTrusted(store, directory, other));
  assert.deepEqual(
    listTrusted(store).map((each) => [each.directory, each.digest, each.demands]),
    [[directory, digest, ['a', 'b']]],
  );
});

test('a byte more or elsewhere is another file', (t) => {
  const { directory } = place(t);
  const digests = new Set<string | undefined>();
  for (const [main, local] of [
    ['a=1\n', undefined],
    ['a=1\n\n', undefined],
    ['a=1\n', ''],
    ['a=1', '\n'],
    ['', 'a=1\n'],
    ['', '4\na=1\n'],
  ] as const) {
    writeFileSync(`${directory}/sandbox.toml`, main);
    rmSync(`${directory}/sandbox.local.toml`, { force: true });
    if (local !== undefined) writeFileSync(`${directory}/sandbox.local.toml`, local);
    digests.add(digestOfProject(directory));
  }
  assert.equal(digests.size, 6);
  rmSync(`${directory}/sandbox.toml`);
  assert.equal(digestOfProject(directory), undefined);
  symlinkSync('/etc/passwd', `${directory}/sandbox.toml`);
  assert.throws(() => digestOfProject(directory), { code: 'INVALID', message: /symbolic link/ });
});

test('trust that is taken away takes along what was prepared with it', (t) => {
  const { directory, store } = place(t);
  const path = ensureProjectPath(store, directory);
  writeAside(`${path}/default.json`, JSON.stringify({ version: 1, stamps: [], ready: {} }));
  writeAside(`${path}/.services.json`, JSON.stringify({ running: [] }));
  mkdirSync(`${path}/bin`);
  writeAside(`${path}/bin/node`, '');
  for (const digest of ['1', '2']) setTrusted(store, { directory, digest, demands: [] });
  setTrusted(store, { directory: `${directory}/data`, digest: '1', demands: [] });
  assert.ok(revokeTrust(store, directory));
  assert.ok(!revokeTrust(store, directory));
  assert.ok(!isTrusted(store, directory, '1') && !isTrusted(store, directory, '2'));
  assert.ok(isTrusted(store, `${directory}/data`, '1'));
  const left = ['default.json', '.services.json', 'bin', 'path'].filter((name) => {
    try {
      return realpathSync(`${path}/${name}`) !== '';
    } catch {
      return false;
    }
  });
  assert.deepEqual(left, ['.services.json', 'path']);
});
