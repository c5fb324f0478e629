import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  type EnvironmentEdit,
  editEnvironment,
  readProjectTexts,
  replaceProjectText,
} from '../../../src/project/edit/edit-file.ts';
import { digestOfProject } from '../../../src/project/trust/digest.ts';

const FILE = `image = "debian:bookworm"
packages = ["nodejs"]
ports = [80]

[env.base]
extends = "default"
packages = ["git"]
[env.test]
extends = "base"
`;

function edited(
  kind: EnvironmentEdit['kind'],
  environment: string,
  lists: ReadonlyArray<readonly ['packages' | 'ports', readonly (string | number)[]]>,
): ReturnType<typeof editEnvironment> {
  return editEnvironment(FILE, { kind, environment, lists: new Map(lists) });
}

function projectOf(t: TestContext, text: string): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'edit-')));
  t.after(() => rmSync(path, { recursive: true }));
  writeFileSync(`${path}/sandbox.toml`, text);
  return path;
}

describe('an edit of an environment', () => {
  it('changes several lists at once', () => {
    const { text, lists } = edited('add', 'default', [
      ['packages', ['npm', 'nodejs']],
      ['ports', [81]],
    ]);
    assert.equal(text, FILE.replace('"nodejs"]', '"nodejs", "npm"]').replace('[80]', '[80, 81]'));
    assert.deepEqual(
      lists.map(({ name, changed, same }) => ({ name, changed, same })),
      [
        { name: 'packages', changed: ['npm'], same: ['nodejs'] },
        { name: 'ports', changed: [81], same: [] },
      ],
    );
  });

  it('does not add what comes from an environment further up', () => {
    const { text, lists } = edited('add', 'test', [['packages', ['nodejs', 'git', 'jq']]]);
    assert.equal(text, `${FILE}packages = ["jq"]\n`);
    assert.deepEqual(lists[0]?.same, ['nodejs', 'git']);
    assert.deepEqual(
      [...(lists[0]?.inherited ?? [])],
      [
        ['git', 'base'],
        ['nodejs', 'default'],
      ],
    );
  });

  it('removes only from the environment that is named', () => {
    const { text, lists } = edited('remove', 'base', [['packages', ['git', 'nodejs']]]);
    assert.equal(text, FILE.replace('["git"]', '[]'));
    assert.deepEqual(lists[0]?.same, ['nodejs']);
  });
});

describe('sandbox.toml', () => {
  it('is replaced in one go and keeps its mode', async (t) => {
    const path = projectOf(t, FILE);
    chmodSync(`${path}/sandbox.toml`, 0o640);
    await replaceProjectText(path, { before: FILE, after: `# new\n${FILE}` });
    assert.equal(readProjectTexts(path).text, `# new\n${FILE}`);
    assert.equal(statSync(`${path}/sandbox.toml`).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(path), ['sandbox.toml']);
  });

  it('is as it was where the new one could not be loaded', async (t) => {
    const path = projectOf(t, FILE);
    const after = FILE.replace('debian:bookworm', 'host');
    await assert.rejects(replaceProjectText(path, { before: FILE, after }), { code: 'INVALID' });
    assert.equal(readFileSync(`${path}/sandbox.toml`, 'utf8'), FILE);
  });

  it('stays as another program has written it since it was read', async (t) => {
    const path = projectOf(t, FILE);
    const { text: before } = readProjectTexts(path);
    writeFileSync(`${path}/sandbox.toml`, `# mine\n${FILE}`);
    const after = `# new\n${FILE}`;
    await assert.rejects(replaceProjectText(path, { before, after }), { message: /changed by another program/ });
    assert.equal(readFileSync(`${path}/sandbox.toml`, 'utf8'), `# mine\n${FILE}`);
    assert.deepEqual(readdirSync(path), ['sandbox.toml']);
  });

  it('has the digest that is trusted, and the one it would have with another text', async (t) => {
    const path = projectOf(t, FILE);
    for (const local of [undefined, 'ports = [81]\n']) {
      if (local !== undefined) writeFileSync(`${path}/sandbox.local.toml`, local);
      const { text: before, digest, digestWith } = readProjectTexts(path);
      const after = `# new\n${before}`;
      assert.equal(digest, digestOfProject(path));
      assert.equal((await replaceProjectText(path, { before, after })).digest, digestWith(after));
    }
    const { digestWith } = readProjectTexts(path);
    writeFileSync(`${path}/sandbox.local.toml`, 'ports = [82]\n');
    assert.notEqual(digestWith(readProjectTexts(path).text), digestOfProject(path));
  });

  it('keeps a byte order mark', (t) => {
    const path = projectOf(t, `\uFEFF${FILE}`);
    const lists = new Map([['packages', ['npm']]] as const);
    const { text } = editEnvironment(readProjectTexts(path).text, { kind: 'add', environment: 'default', lists });
    assert.equal(text, `\uFEFF${FILE.replace('"nodejs"]', '"nodejs", "npm"]')}`);
  });
});
