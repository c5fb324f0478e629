import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { type Result, sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { account, ordinary } from '../support/inside.ts';

interface Place {
  readonly user: TestUser;
  readonly directory: string;
  readonly run: (...words: readonly string[]) => Promise<Result>;
  readonly text: (name: string) => string;
}

function place(t: TestContext, files: Readonly<Record<string, string>>): Place {
  const user = account();
  const directory = workDirectory(t, user);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(`${directory}/${name}`, text);
    chownSync(`${directory}/${name}`, user.uid, user.gid);
  }
  return {
    user,
    directory,
    run: async (...words) => await sandbox(user, words, { cwd: directory }),
    text: (name) => readFileSync(`${directory}/${name}`, 'utf8'),
  };
}

const NODE = { 'package.json': '{"scripts":{"test":"node --test","start":"node ."}}' };

describe('sandbox init', ordinary, () => {
  it('writes what it found, once', async (t) => {
    const { directory, run, text } = place(t, NODE);
    mkdirSync(`${directory}/.git`);
    const { status, stdout } = await run('init');
    assert.equal(status, 0);
    assert.equal(
      stdout,
      'found package.json\nwrote sandbox.toml, and sandbox.local.toml and .sandbox/ to .gitignore\n',
    );
    assert.equal(text('.gitignore'), '/sandbox.local.toml\n/.sandbox/\n');
    const written = text('sandbox.toml');
    assert.match(written, /^packages = \["ca-certificates", "nodejs", "npm"\]$/m);

    const again = await run('init', '--template', 'c');
    assert.equal(again.status, 125);
    assert.match(again.stderr, /there is a sandbox\.toml here already\n {2}hint: .*--force/);
    assert.equal(text('sandbox.toml'), written);
    assert.equal((await run('init', '--template', 'c', '--force')).status, 0);
    assert.match(text('sandbox.toml'), /^shims = \["gcc", "make"\]$/m);
    assert.match((await run()).stdout, /^Commands\n {2}compile {2}Builds the project$/m);
  });

  it('asks on a terminal, and again where an answer will not do', async (t) => {
    const { user, directory, text } = place(t, NODE);
    const terminal = await Terminal.open(t, user, [user.sandbox, 'init'], { cwd: directory });
    await terminal.see(/Image \[debian:bookworm\]: /);
    terminal.type('two words\r');
    await terminal.see(/expected an image/);
    terminal.type('debian:trixie\r');
    await terminal.see(/Commands, or none \[test start\]: /);
    terminal.type('tset\r');
    await terminal.see(/did you mean test\?/);
    terminal.type('test\r');
    await terminal.see(/More packages than ca-certificates, nodejs, npm \[none\]: /);
    terminal.type('git\r');
    assert.equal(await terminal.end(), 0);
    const written = text('sandbox.toml');
    assert.match(written, /^image = "debian:trixie"$/m);
    assert.match(written, /^packages = \["ca-certificates", "git", "nodejs", "npm"\]$/m);
    assert.match(written, /^\[command\.test\]$/m);
    assert.doesNotMatch(written, /command\.start/);
  });

  it('writes nothing where it is given up', async (t) => {
    const { user, directory, run } = place(t, {});
    const terminal = await Terminal.open(t, user, [user.sandbox, 'init'], { cwd: directory });
    await terminal.see(/Image/);
    terminal.type('\x03');
    assert.notEqual(await terminal.end(), 0);
    assert.match(
      (await run('add', 'git')).stderr,
      /there is no sandbox\.toml in .* or above\n {2}hint: `sandbox init`/,
    );
  });
});

describe('sandbox add and remove', ordinary, () => {
  const file = 'image = "debian:bookworm" # old\n\n[env.test]\nextends = "default"\n';

  it('change what they are told, and leave the rest', async (t) => {
    const { run, text } = place(t, { 'sandbox.toml': file });
    const added = await run('add', 'git', 'jq', '--cache', 'apt', '--port', '5432', '--shim', 'jq');
    assert.equal(added.status, 0, added.stderr);
    assert.equal(added.stdout.split('\n')[0], 'added to packages of sandbox.toml: git, jq');
    const lists = 'packages = ["git", "jq"]\nports = [5432]\nshims = ["jq"]\ncache = ["apt"]\n';
    assert.equal(text('sandbox.toml'), file.replace('# old\n', `# old\n${lists}`));
    assert.match((await run('add', 'jq')).stderr, /jq is in packages of sandbox\.toml already/);
    assert.equal((await run('remove', 'git', 'jq', '--cache=apt', '--port=5432', '--shim=jq')).status, 0);
    const emptied = lists.replace(/\[.*\]/g, '[]');
    assert.equal(text('sandbox.toml'), file.replace('# old\n', `# old\n${emptied}`));
  });

  it('refuse what is wrong, and change nothing then', async (t) => {
    const { run, text } = place(t, { 'sandbox.toml': file });
    const wrong = [
      [['add', 'a b'], /packages: expected a package's name.* got "a b"/],
      [['add', 'git', '--port', '70000'], /ports: expected a whole number from 1 to 65535/],
      [['add', '--env', 'tset', 'git'], /did you mean test\?/],
      [['remove', 'git'], /packages of sandbox\.toml has no git/],
      [['add'], /nothing is named/],
    ] as const;
    for (const [words, message] of wrong) {
      const { status, stderr } = await run(...words);
      assert.equal(status, 125, words.join(' '));
      assert.match(stderr, message);
    }
    assert.equal(text('sandbox.toml'), file);
  });

  it('say where a file is broken', async (t) => {
    const { run, text } = place(t, { 'sandbox.toml': 'image = "a"\npackages = [1]\n' });
    assert.match((await run('add', 'git')).stderr, /sandbox\.toml:2:\d+/);
    assert.equal(text('sandbox.toml'), 'image = "a"\npackages = [1]\n');
  });
});
