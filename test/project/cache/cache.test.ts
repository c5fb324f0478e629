/* Results of steps on their way from one store to another one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { AS_ROOT } from '../../e2e/trees/support/umoci.ts';
import { ACCOUNTS } from '../../image/unpack/support/cases.ts';
import { needs } from '../../packages.ts';
import { differences, listTree } from '../../support/tree.ts';
import { runAs, type TestUser, testUser, workDirectory } from '../../support/user.ts';

const SCENARIO = join(import.meta.dirname, 'support/cache-scenario.ts');
const sha = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const STEPS: Readonly<Record<string, string>> = {
  tools: 'mkdir -p usr/bin; echo tool >usr/bin/tool; ln usr/bin/tool usr/bin/same; chmod 755 usr/bin/tool',
  app: 'mkdir opt; echo app >opt/app; mkfifo opt/fifo; ln -s ../usr opt/link; mknod gone c 0 0',
  other: 'mkdir opt; echo other >opt/app',
};

interface Layer {
  readonly tree: string;
  readonly diffId: string;
  readonly bytes: number;
}
interface Answer {
  readonly ok?: unknown;
  readonly found?: { readonly diffId: string } | null;
  readonly code?: string;
  readonly message?: string;
}

const [{ skip } = { skip: false }] = ACCOUNTS;

describe('a cache of results', { skip }, () => {
  let user: TestUser;
  before(() => {
    user = testUser();
  });

  function place(t: TestContext): string {
    const path = workDirectory(t, user);
    t.after(() => runAs(user, [...AS_ROOT, 'sh', '-c', 'rm -rf "$0"/*', path]));
    return path;
  }

  async function asked(path: string, store: string, cache: string, ...words: string[]): Promise<Answer[]> {
    const { status, stdout, stderr } = await runAs(user, [
      process.execPath,
      SCENARIO,
      `${path}/${store}`,
      cache,
      ...words,
    ]);
    assert.equal(status, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  }

  async function write(path: string, cache: string, environment: string, names: readonly string[]): Promise<Layer[]> {
    for (const name of names) {
      const script = 'umask 022; mkdir -p "$0"; cd "$0"; eval "$1"; touch -h -d @5000 -- *';
      const made = await runAs(user, [...AS_ROOT, 'sh', '-euc', script, `${path}/${name}`, STEPS[name] ?? '']);
      assert.equal(made.status, 0, made.stderr);
    }
    const uppers = names.map((name) => `${path}/${name}`);
    const [answer] = await asked(path, 'store', cache, 'write', 'shop', environment, ...uppers);
    assert.ok(answer?.ok, JSON.stringify(answer));
    return answer.ok as Layer[];
  }

  for (const form of ['layout', 'layout.tar']) {
    it(`gives the same trees in another store: ${form}`, async (t) => {
      const path = place(t);
      const cache = `${path}/${form}`;
      const layers = await write(path, cache, 'default', ['tools', 'app']);
      const answers = await asked(path, 'second', cache, 'take', 'tools', 'app', 'nothing');
      assert.deepEqual(answers[4]?.found, null);
      assert.equal(answers[5]?.code, 'CACHE');
      for (const [at, { tree, diffId, bytes }] of layers.entries()) {
        assert.equal(answers[2 * at]?.found?.diffId, diffId);
        const taken = answers[2 * at + 1]?.ok as Layer;
        assert.deepEqual([taken.diffId, taken.bytes], [diffId, bytes]);
        assert.notEqual(taken.tree, tree);
        const [theirs, ours] = [await listTree(user, AS_ROOT, taken.tree), await listTree(user, AS_ROOT, tree)];
        // A whiteout is nothing but its name.
        const lines = differences(theirs, ours).filter((line) => !line.startsWith('"/gone"'));
        assert.deepEqual(lines, []);
        assert.equal(theirs.get('/gone')?.kind, ours.get('/gone')?.kind);
        assert.ok(ours.size > 3);
      }
      // What was only needed on the way is gone.
      assert.deepEqual(readdirSync(`${path}/second/images/blobs/sha256`), []);
    });
  }

  it('is the same file each time', async (t) => {
    const digests = [];
    for (const _ of [1, 2]) {
      const path = place(t);
      await write(path, `${path}/layout.tar`, 'default', ['tools', 'app']);
      digests.push(sha(readFileSync(`${path}/layout.tar`)));
    }
    assert.equal(digests[0], digests[1]);
  });

  it('is added to: other environments stay, and the same one is replaced', async (t) => {
    const path = place(t);
    const cache = `${path}/layout`;
    await write(path, cache, 'default', ['tools', 'app']);
    await write(path, cache, 'test', ['other']);
    const before = readdirSync(`${cache}/blobs/sha256`);
    assert.equal(before.length, 3 + 2 + 2);
    const { manifests } = JSON.parse(readFileSync(`${cache}/index.json`, 'utf8'));
    const names = manifests.map(({ annotations }: { annotations: Record<string, string> }) => annotations);
    assert.deepEqual(
      names.map((each: Record<string, string>) => each['org.opencontainers.image.ref.name']),
      ['shop-default', 'shop-test'],
    );
    await write(path, cache, 'default', ['tools']);
    assert.equal(readdirSync(`${cache}/blobs/sha256`).length, 3 - 1 + 2 + 2);
    const answers = await asked(path, 'second', cache, 'take', 'tools', 'other', 'app');
    const [tools, , other, , app] = answers.map(({ found }) => found);
    assert.ok(tools && other);
    assert.equal(app, null);
  });

  it('is refused, by file and step, where a layer is not what the digests say', async (t) => {
    const path = place(t);
    const cache = `${path}/layout`;
    await write(path, cache, 'default', ['tools']);
    const manifestPath = (): string => {
      const { manifests } = JSON.parse(readFileSync(`${cache}/index.json`, 'utf8'));
      return `${cache}/blobs/sha256/${manifests[0].digest.slice(7)}`;
    };
    const manifest = JSON.parse(readFileSync(manifestPath(), 'utf8'));
    const layerPath = `${cache}/blobs/sha256/${manifest.layers[0].digest.slice(7)}`;
    const sound = readFileSync(layerPath);
    const attempt = async (): Promise<Answer | undefined> => (await asked(path, 'second', cache, 'take', 'tools'))[1];

    writeFileSync(layerPath, Buffer.from(sound).fill(0x55, 40, 60));
    const changed = await attempt();
    assert.equal(changed?.code, 'CACHE');
    assert.match(
      changed?.message ?? '',
      /layout" has a result of the step "tools" that cannot be used: .*not what its digest says/,
    );

    rmSync(layerPath);
    assert.match((await attempt())?.message ?? '', /step "tools" .* is missing/);

    // The blob is what its digest says, but another layer than the config says.
    const archive = execFileSync('tar', ['-c', '--owner=0', '--group=0', '-C', import.meta.dirname, 'cache.test.ts']);
    const evil = execFileSync('zstd', ['-c'], { input: archive });
    const descriptor = { ...manifest.layers[0], digest: `sha256:${sha(evil)}`, size: evil.length };
    writeFileSync(`${cache}/blobs/sha256/${sha(evil)}`, evil);
    const replaced = JSON.stringify({ ...manifest, layers: [descriptor] });
    writeFileSync(`${cache}/blobs/sha256/${sha(replaced)}`, replaced);
    const index = JSON.parse(readFileSync(`${cache}/index.json`, 'utf8'));
    index.manifests[0] = { ...index.manifests[0], digest: `sha256:${sha(replaced)}`, size: replaced.length };
    writeFileSync(`${cache}/index.json`, JSON.stringify(index));
    const other = await attempt();
    assert.equal(other?.code, 'CACHE');
    assert.match(other?.message ?? '', /step "tools" that cannot be used: the layer's content has the digest sha256:/);
    assert.equal(
      existsSync(`${path}/second/layers`) && readdirSync(`${path}/second/layers`).some((name) => !name.startsWith('.')),
      false,
    );
  });

  it('says what is none', async (t) => {
    const path = place(t);
    mkdirSync(`${path}/empty`);
    writeFileSync(`${path}/text`, 'no archive at all '.repeat(100));
    for (const [name, message] of [
      ['missing', /"[^"]*missing" cannot be read: .*ENOENT/],
      ['empty', /"[^"]*empty" cannot be read: .* it has no index\.json/],
      ['text', /"[^"]*text" cannot be read: /],
    ] as const) {
      const [answer] = await asked(path, 'store', `${path}/${name}`, 'take', 'tools');
      assert.equal(answer?.code, 'CACHE');
      assert.match(answer?.message ?? '', message);
    }
    mkdirSync(`${path}/damaged`);
    writeFileSync(`${path}/damaged/index.json`, '[]');
    execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, `${path}/damaged`]);
    const [answer] = await asked(path, 'store', `${path}/damaged`, 'write', 'shop', 'default');
    assert.match(answer?.message ?? '', /cannot be added to: its index\.json is no index/);
  });

  it('is read by skopeo and unpacked by umoci', { skip: needs('skopeo', 'umoci') }, async (t) => {
    const path = place(t);
    const [tools, app] = await write(path, `${path}/layout`, 'default', ['tools', 'app']);
    assert.ok(tools && app);
    const inspected = await runAs(user, ['skopeo', 'inspect', '--config', `oci:${path}/layout:shop-default`]);
    assert.equal(inspected.status, 0, inspected.stderr);
    const config = JSON.parse(inspected.stdout);
    assert.deepEqual(config.rootfs.diff_ids, [tools.diffId, app.diffId]);
    assert.deepEqual(
      config.history.map(({ created_by }: { created_by: string }) => created_by),
      ['tools', 'app'],
    );
    // This umoci knows no zstd.
    const words = [
      'copy',
      '--dest-compress-format',
      'gzip',
      '--dest-compress',
      `oci:${path}/layout:shop-default`,
      `oci:${path}/gzip:it`,
    ];
    const copied = await runAs(user, ['skopeo', '--insecure-policy', ...words]);
    assert.equal(copied.status, 0, copied.stderr);
    const unpacked = await runAs(user, [...AS_ROOT, 'umoci', 'unpack', '--image', `${path}/gzip:it`, `${path}/bundle`]);
    assert.equal(unpacked.status, 0, unpacked.stderr);
    const theirs = await listTree(user, AS_ROOT, `${path}/bundle/rootfs`);
    for (const tree of [tools.tree, app.tree]) {
      for (const [name, entry] of await listTree(user, AS_ROOT, tree)) {
        if (entry.kind === 'character' || name === '') continue;
        const { size: _size, blocks: _blocks, ...facts } = entry;
        const { size: __size, blocks: __blocks, ...found } = theirs.get(name) ?? entry;
        assert.ok(theirs.has(name), name);
        assert.deepEqual(found, facts);
      }
    }
    assert.equal(theirs.has('/gone'), false);
  });
});
