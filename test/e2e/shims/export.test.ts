import assert from 'node:assert/strict';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archive } from '../../support/tar/write.ts';
import { runAs, sandbox, type TestUser, testUser, workDirectory } from '../../support/user.ts';
import { busyboxTar, imageWorld, withBusybox } from '../images/support/world.ts';
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
    const listed = await sandbox(user, ['export', '--list', '--json'], { env });
    assert.deepEqual(JSON.parse(listed.stdout), [{ name: 'project-sh', path: place }]);
    assert.equal((await sandbox(user, ['export', '--json', 'sh'], { cwd: path, env })).status, 125);
    assert.equal((await sandbox(user, ['export', '--remove', 'project-sh'], { env })).status, 0);
    assert.equal(existsSync(place), false);
    assert.equal((await sandbox(user, ['export', '--remove', 'project-sh'], { env })).status, 125);
  });

  test('that the environment lacks is told, and exported all the same', async (t) => {
    const user = testUser();
    const { path } = await shimProject(t, user, 'image = "host"\n', []);
    const env = home(t, user);
    const { status, stderr } = await sandbox(user, ['export', 'no-such-program'], { cwd: path, env });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /no-such-program: the environment default has no such program on PATH: .* 127/);
    assert.equal((await runAs(user, [`${env.HOME}/.local/bin/no-such-program`], { env, cwd: path })).status, 127);
    const there = await sandbox(user, ['export', 'sh'], { cwd: path, env });
    assert.doesNotMatch(there.stderr, /no such program/);
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

  test('of an image is run in it, with what the desktop is told by the image', withBusybox, async (t) => {
    const world = await imageWorld(t);
    const { user, cwd } = world;
    const HOME = workDirectory(t, user);
    const env = { ...world.env, HOME };
    const entry =
      '[Desktop Entry]\nType=Application\nName=Image\\nExec=evil\nComment=A box\nExec=sh %f\nIcon=../../x\n';
    const application = gzipSync(
      archive([
        ...['usr/', 'usr/share/', 'usr/share/applications/'].map((path) => ({
          name: path,
          kind: 'directory' as const,
        })),
        { name: 'usr/share/applications/box.desktop', data: entry },
        // One that leads out of the image.
        { name: 'usr/share/applications/a.desktop', kind: 'symlink', link: '/etc/passwd' },
      ]),
    );
    const name = `${world.registry.host}/box:1`;
    world.registry.serve('box:1', { layers: [busyboxTar(), application], config: { Env: ['OF=the image'] } });
    const made = await world.sandbox(['export', 'sh', '--from', name, '--as', 'image-sh', '--desktop'], { env });
    assert.equal(made.status, 0, made.stderr);
    const place = `${HOME}/.local/bin/image-sh`;
    const text = readFileSync(`${world.env.XDG_DATA_HOME}/applications/sandbox-image-sh.desktop`, 'utf8');
    assert.match(text, new RegExp(`^Exec="${place}" %f$`, 'm'));
    assert.match(text, /^Name=sh$/m);
    assert.match(text, /^Comment=A box$/m);
    assert.doesNotMatch(text, /evil|Icon|root:/);
    const run = async (...words: string[]) => await runAs(user, [place, ...words], { env, cwd });
    const said = await run('-c', 'echo "$OF $container $1"; cat; exit 7', 'x', `it's "$HOME" \n`);
    assert.deepEqual([said.stdout, said.status], [`the image sandbox it's "$HOME" \n\n`, 7], said.stderr);
    // From a project too it is the image, and not the project's.
    writeFileSync(`${cwd}/sandbox.toml`, 'image = "host"\n[env]\nOF = "the project"\n');
    chownSync(`${cwd}/sandbox.toml`, user.uid, user.gid);
    assert.equal((await run('-c', 'echo "$OF"')).stdout, 'the image\n');
    assert.equal((await world.sandbox(['image', 'rm', name])).status, 0);
    assert.equal((await run('-c', 'echo "$OF"')).stdout, 'the image\n', 'it is pulled again');
    const missing = await world.sandbox(['export', 'sh', '--from', `${world.registry.host}/none:1`, '--as', 'none'], {
      env,
    });
    assert.equal(missing.status, 125);
    assert.equal(existsSync(`${HOME}/.local/bin/none`), false);
    for (const bad of [
      ['export', '../sh', '--from', name],
      ['export', 'sh', '--from', name, '--as', '../../sh'],
      ['export', 'sh', '--from', '-v', '--as', 'x'],
    ]) {
      const { status, stderr } = await world.sandbox(bad, { env });
      assert.equal(status, 125, stderr);
      assert.doesNotMatch(stderr, /This is a bug/);
    }
    assert.equal((await world.sandbox(['export', '--remove', 'image-sh'], { env })).status, 0);
    assert.deepEqual(readdirSync(`${world.env.XDG_DATA_HOME}/applications`), []);
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
