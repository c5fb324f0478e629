import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { shimProject } from '../e2e/shims/project.ts';
import { runAs, sandbox, testUser, workDirectory } from '../support/user.ts';

const HOST = 'image = "host"\n';

describe('code inside a project', () => {
  test('cannot change the shims that its user calls outside, nor put others in their place', async (t) => {
    const user = testUser();
    const { path, shim } = await shimProject(t, user, HOST, ['sh', 'true']);
    const before = readFileSync(shim('true'));
    const tries = [
      'echo evil > .sandbox/bin/true',
      'rm -f .sandbox/bin/true',
      'echo evil > .sandbox/bin/ls',
      'mv .sandbox .other',
      'rm -rf .sandbox',
      'ln -sfn /tmp .sandbox/bin',
      'mount -o remount,rw,bind .sandbox',
      'umount .sandbox',
      'chmod 777 .sandbox/bin',
      'echo evil > /proc/1/exe',
      `echo evil > ${user.home}/.local/share/sandbox/projects/x`,
    ];
    const { stdout } = await runAs(
      user,
      [shim('sh'), '-c', tries.map((each) => `{ ${each}; } 2>/dev/null && echo 'done: ${each}'`).join('\n')],
      { cwd: path },
    );
    assert.equal(stdout, '');
    assert.deepEqual(readFileSync(shim('true')), before);
    assert.deepEqual(readdirSync(`${path}/.sandbox/bin`).sort(), ['sh', 'true']);
  });

  test('does not see the caller’s variables: not in its own, and not in those of any process', async (t) => {
    const user = testUser();
    const { shim } = await shimProject(t, user, HOST, ['sh', 'cat']);
    const env = {
      MY_TOKEN: 'x-secret-0123456789-x',
      LD_PRELOAD: '/nonexistent/x-secret-lib.so',
      BASH_ENV: '/x-secret-script',
      ENV: '/x-secret-script',
      PATH: '/x-secret-bin:/usr/bin:/bin',
    };
    const look =
      'env; for p in /proc/[0-9]*; do tr "\\0" "\\n" < $p/environ; done 2>/dev/null; tr "\\0" "\\n" < /proc/1/environ; true';
    const { stdout, status } = await runAs(user, [shim('sh'), '-c', look], { env });
    assert.equal(status, 0);
    assert.match(stdout, /^container=sandbox$/m);
    assert.doesNotMatch(stdout, /x-secret/);
  });

  test('decides nothing about the host by a link where the caller stands', async (t) => {
    const user = testUser();
    const { path, shim } = await shimProject(t, user, HOST, ['sh']);
    const secret = workDirectory(t, user);
    writeFileSync(`${secret}/secret`, 'hush', { mode: 0o644 });
    // The caller stands in `sub`, whose path is a link to a directory of the host when the shim starts.
    const swapped = `cd ${path}/sub && mv ../sub ../gone && ln -s ${secret} ../sub && ${shim('sh')} -c 'pwd -P; cat secret; ls'`;
    const { stdout } = await runAs(user, ['sh', '-c', swapped]);
    assert.doesNotMatch(stdout, /hush/);
  });
});

describe('a clone that is not trusted', () => {
  test('has nothing written elsewhere by links in place of .sandbox', async (t) => {
    const user = testUser();
    for (const place of ['.sandbox', '.sandbox/bin']) {
      const { path } = await shimProject(t, user, HOST, []);
      const victim = workDirectory(t, user);
      chmodSync(victim, 0o777);
      if (place !== '.sandbox') mkdirSync(`${path}/.sandbox`, { mode: 0o777 });
      symlinkSync(victim, `${path}/${place}`);
      const { status, stderr } = await sandbox(user, ['shim', '-q', 'true'], { cwd: path });
      assert.equal(status, 125, stderr);
      assert.match(stderr, /is no directory|belongs to somebody else/);
      assert.deepEqual(readdirSync(victim), []);
      assert.ok(lstatSync(`${path}/${place}`).isSymbolicLink());
    }
  });

  test('has no program of its own on PATH, and none taken for a shim', async (t) => {
    const user = testUser();
    const { path } = await shimProject(t, user, 'image = "host"\nshims = ["ls"]\n', []);
    const ran = `${path}/ran`;
    const place = `mkdir -p .sandbox/bin && printf '#!/bin/sh\\ntouch ${ran}\\n' > .sandbox/bin/ls && chmod 755 .sandbox/bin/ls`;
    assert.equal((await runAs(user, ['sh', '-c', place], { cwd: path })).status, 0);
    const typed = `eval "$(${user.sandbox} hook bash)"\ncd ${path}\nls\necho "$PATH"\ncd /\nexit\n`;
    const { stdout } = await runAs(user, ['bash', '--norc', '-i'], { cwd: '/', input: typed });
    assert.doesNotMatch(stdout, /\.sandbox/);
    assert.equal(existsSync(ran), false);
    const refused = await sandbox(user, ['shim', '-q', 'ls'], { cwd: path });
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /is there already, and is no shim/);
    assert.equal((await sandbox(user, ['shim', '-q', '--force', 'ls'], { cwd: path })).status, 0);
    // Trusted, the copy that nobody else can write to is what is found.
    await sandbox(user, ['trust'], { cwd: path });
    writeFileSync(`${path}/.sandbox/bin/ls`, '#!/bin/sh\ntouch ran\n');
    const again = await runAs(user, ['bash', '--norc', '-i'], {
      cwd: '/',
      input: typed.replace('\nls\n', '\ntype -P ls\nls\n'),
    });
    assert.match(again.stdout, /\/projects\/[0-9a-f]+\/bin\/ls/);
    assert.equal(existsSync(ran), false);
    const list = await sandbox(user, ['shim', '--list'], { cwd: path });
    assert.match(list.stdout, /ls\s+default\s+changed/);
  });

  test('has nothing started when its trust is taken back, though the shim is there', async (t) => {
    const user = testUser();
    const outside = workDirectory(t, user);
    const { path, shim, write } = await shimProject(t, user, HOST, []);
    write('sandbox.toml', `${HOST}volumes = ["${outside}:/outside"]\n`);
    assert.equal((await sandbox(user, ['trust'], { cwd: path })).status, 0);
    const made = await sandbox(user, ['shim', '-q', 'true'], { cwd: path });
    assert.equal(made.status, 0, made.stderr);
    assert.equal((await runAs(user, [shim('true')])).status, 0);
    // A copy of it is as good, and stays.
    write('copy', readFileSync(shim('true')), 0o755);
    assert.equal((await runAs(user, [`${path}/copy`])).status, 0);
    assert.equal((await sandbox(user, ['trust', '--revoke'], { cwd: path })).status, 0);
    const { status, stderr } = await runAs(user, [`${path}/copy`]);
    assert.equal(status, 125);
    assert.match(stderr, /the shim true is stale/);
  });
});
