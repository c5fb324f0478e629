import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { account, ordinary } from '../support/inside.ts';

const schema = join(import.meta.dirname, '../../../docs/sandbox.schema.json');

function project(t: TestContext, text: string): { readonly user: TestUser; readonly directory: string } {
  const user = account();
  const directory = workDirectory(t, user);
  writeFileSync(`${directory}/sandbox.toml`, text);
  chownSync(`${directory}/sandbox.toml`, user.uid, user.gid);
  return { user, directory };
}

describe('sandbox alone in a project', ordinary, () => {
  it('lists what can be done there', async (t) => {
    const text = 'name = "shop"\nimage = "debian:bookworm"\n[command.run]\nrun = "make"\n[service.db]\nrun = "x"\n';
    const { user, directory } = project(t, text);
    mkdirSync(`${directory}/below`);
    const found = await sandbox(user, [], { cwd: `${directory}/below` });
    assert.equal(found.status, 0, found.stderr);
    assert.match(
      found.stdout,
      /^shop\n\nEnvironments\n {2}default {2}debian:bookworm\n\nCommands\n {2}do run {3}make\n/,
    );
  });

  it('tells every mistake of the file with its place', async (t) => {
    const { user, directory } = project(t, 'imge = "debian"\nports = ["x"]\n');
    const { status, stderr } = await sandbox(user, [], { cwd: directory });
    assert.equal(status, 125);
    assert.deepEqual(stderr.split('\n'), [
      `sandbox: ${directory}/sandbox.toml:1:1: imge: unknown key (did you mean image?)`,
      `${directory}/sandbox.toml:2:10: ports: expected a whole number from 1 to 65535, got "x"`,
      '',
    ]);
  });

  it('tells where the text is no TOML', async (t) => {
    const { user, directory } = project(t, 'image = "debian"\n[command.test\nrun = "x"\n');
    const { status, stderr } = await sandbox(user, ['shell', '-c', 'true'], { cwd: directory });
    assert.equal(status, 125);
    assert.match(stderr, /\/sandbox\.toml:2:\d+: .*\n {2}hint: the file is TOML: https:\/\/toml\.io\n/);
  });

  it('has the schema of docs built in', async () => {
    const { stdout } = await sandbox(account(), ['schema']);
    assert.ok(stdout === readFileSync(schema, 'utf8'));
  });
});
