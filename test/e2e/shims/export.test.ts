import assert from 'node:assert/strict';
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { runAs, sandbox, type TestUser, testUser, workDirectory } from '../../support/user.ts';
import { shimProject } from './project.ts';

/** A home in which nothing was exported yet; the store is the user's own. */
function home(t: TestContext, user: TestUser): { readonly HOME: string; readonly XDG_DATA_HOME: string } {
  const path = workDirectory(t, user);
  return { HOME: path, XDG_DATA_HOME: `${user.home}/.local/share` };
}

/** A directory in it that the user may write to. */
function ownDirectory(user: TestUser, path: string): void {
  mkdirSync(path);
  chownSync(path, user.uid, user.gid);
}

describe('an exported program', () => {
  test('of a project is its shim, which stays fresh', async (t) => {
    const user = testUser();
    const { path, write } = await shimProject(t, user, 'image = "host"\n', []);
    const env = home(t, user);
    const made = await sandbox(user, ['export', 'sh', '--as', 'project-sh'], { cwd: path, env });
    assert.equal(made.status, 0, made.stderr);
    const place = `${env.HOME}/.local/bin/project-sh`;
    assert.match(made.stderr, /\.local\/bin is not on PATH/);
    const run = async () => await runAs(user, [place, '-c', 'echo "$container $0"; pwd'], { env, cwd: '/' });
    assert.equal((await run()).stdout, `sandbox sh\n${path}\n`);
    write('sandbox.toml', 'image = "host"\nhost = 1\n');
    assert.equal((await run()).status, 125);
    assert.equal((await sandbox(user, ['export', '--list'], { env })).stdout, 'project-sh\n');
    assert.equal((await sandbox(user, ['export', '--remove', 'project-sh'], { env })).status, 0);
    assert.equal(existsSync(place), false);
    assert.equal((await sandbox(user, ['export', '--remove', 'project-sh'], { env })).status, 125);
  });

  test('of a kept sandbox is run in it, and what it did stays', async (t) => {
    const user = testUser();
    const env = home(t, user);
    const name = `kept-${process.pid}`;
    t.after(() => sandbox(user, ['rm', name], { env }));
    assert.equal((await sandbox(user, ['shell', '--name', name, '--', 'true'], { cwd: '/tmp', env })).status, 0);
    const entry =
      '[Desktop Entry]\nType=Application\nName=Paint & Co\nExec=/usr/bin/sh --new %U\nIcon=/etc/passwd\nTerminal=false\nCategories=Graphics;\nX-Evil=1\n[Desktop Action x]\nExec=evil\n';
    const install = `mkdir -p /usr/share/applications && printf %s '${entry}' > /usr/share/applications/paint.desktop`;
    assert.equal(
      (await sandbox(user, ['shell', '--name', name, '--', 'sh', '-c', install], { cwd: '/tmp', env })).status,
      0,
    );
    const { status, stderr } = await sandbox(user, ['export', 'sh', '--from', name, '--as', 'kept-sh', '--desktop'], {
      cwd: '/tmp',
      env,
    });
    assert.equal(status, 0, stderr);
    const place = `${env.HOME}/.local/bin/kept-sh`;
    const said = await runAs(user, [place, '-c', 'echo "$1" > /etc/kept; cat /etc/kept; exit 3', 'x', "it's"], {
      cwd: '/tmp',
      env,
    });
    assert.deepEqual([said.stdout, said.status], ["it's\n", 3], said.stderr);
    assert.equal((await runAs(user, [place, '-c', 'cat /etc/kept'], { cwd: '/tmp', env })).stdout, "it's\n");
    const text = readFileSync(`${env.XDG_DATA_HOME}/applications/sandbox-kept-sh.desktop`, 'utf8');
    assert.equal((await sandbox(user, ['export', '--remove', 'kept-sh'], { env })).status, 0);
    assert.equal(existsSync(`${env.XDG_DATA_HOME}/applications/sandbox-kept-sh.desktop`), false);
    assert.match(text, /^Name=Paint & Co$/m);
    assert.match(text, /^Categories=Graphics;$/m);
    assert.match(text, new RegExp(`^Exec="${place}" %U$`, 'm'));
    assert.doesNotMatch(text, /evil|Evil|passwd/);
  });

  test('is never written over what somebody else put there', async (t) => {
    const user = testUser();
    const { path } = await shimProject(t, user, 'image = "host"\n', []);
    const env = home(t, user);
    for (const each of ['.local', '.local/bin']) ownDirectory(user, `${env.HOME}/${each}`);
    const place = `${env.HOME}/.local/bin/true`;
    writeFileSync(place, '#!/bin/sh\n# mine\n', { mode: 0o755 });
    const refused = await sandbox(user, ['export', 'true'], { cwd: path, env });
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /is there already, and was not exported/);
    assert.equal(readFileSync(place, 'utf8'), '#!/bin/sh\n# mine\n');
    assert.equal((await sandbox(user, ['export', '--remove', 'true'], { env })).status, 125);
    assert.equal((await sandbox(user, ['export', 'true', '--force'], { cwd: path, env })).status, 0);
    assert.ok(lstatSync(place).isSymbolicLink());
    assert.equal((await sandbox(user, ['export', 'true'], { cwd: path, env })).status, 0, 'again is no matter');
  });
});
