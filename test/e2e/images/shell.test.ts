import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hold } from '../support/held.ts';
import { bareWithBusybox, imageWorld, withBusybox } from './support/world.ts';

test('shell IMAGE keeps a sandbox that is called by the image, and opens it again', withBusybox, async (t) => {
  const { says, serve, registry, sandbox, cwd } = await imageWorld(t);
  serve('library/tool:latest', { Entrypoint: ['false'], Env: ['A=image'], Cmd: ['false'] });
  const first = 'echo kept > /opt/f; rm /bin/wget; uname -n; pwd; echo $A; id -u';
  assert.equal(await says(['shell', 'tool', '--', 'sh', '-c', first]), `tool\n${cwd}\nimage\n0`);
  await registry.close();
  const second = 'cat /opt/f; test -e /bin/wget || echo gone; echo $A';
  for (const words of [['tool'], ['docker.io/library/tool'], ['--name', 'tool'], ['--name', 'tool', 'tool']]) {
    assert.equal(await says(['shell', ...words, '--', 'sh', '-c', second]), 'kept\ngone\nimage', words.join(' '));
  }
  const fresh = await says(['shell', '--rm', 'tool', '--', 'sh', '-c', 'ls /opt; ls /bin/wget']);
  assert.equal(fresh, '/bin/wget');
  assert.match(await says(['ps', '--all']), /^tool +tool +stopped .*docker\.io\/library\/tool:latest/m);
  const { stdout, status } = await sandbox(['shell', 'tool'], { input: 'echo "$0"; cat /opt/f; exit 9\n' });
  assert.deepEqual([stdout, status], ['/bin/sh\nkept\n', 9]);
});

test('two sandboxes of one image are apart, and a name is chosen with --name', withBusybox, async (t) => {
  const { says, serve, sandbox } = await imageWorld(t);
  serve('library/tool:latest');
  serve('library/tool:2', { Env: ['V=2'] });
  await says(['shell', 'tool', '--', 'sh', '-c', 'echo one > /opt/who']);
  await says(['shell', 'tool', '--name', 'other', '--', 'sh', '-c', 'echo other > /opt/who']);
  assert.equal(await says(['shell', 'tool', '--', 'cat', '/opt/who']), 'one');
  assert.equal(await says(['shell', 'other', '--', 'cat', '/opt/who']), 'other');
  const { status, stderr } = await sandbox(['shell', 'tool:2', '--', 'true']);
  assert.equal(status, 125);
  assert.match(
    stderr,
    /the sandbox tool was made on docker\.io\/library\/tool:latest, not on docker\.io\/library\/tool:2/,
  );
  assert.match(stderr, /hint: choose another name: sandbox shell tool:2 --name NAME/);
  assert.equal(await says(['shell', 'tool:2', '--name', 'two', '--', 'sh', '-c', 'echo $V']), '2');
});

test('a kept sandbox stays on its image when the name goes over to another one', withBusybox, async (t) => {
  const { says, serve, sandbox, registry } = await imageWorld(t);
  const image = `${registry.host}/app:1`;
  serve('app:1', { Env: ['V=old'] });
  await says(['shell', image, '--', 'true']);
  serve('app:1', { Env: ['V=new'] });
  await says(['image', 'pull', '--quiet', image]);
  assert.equal(await says(['run', image, 'sh', '-c', 'echo $V']), 'new');
  assert.equal(await says(['shell', image, '--', 'sh', '-c', 'echo $V']), 'old');
  const told = await sandbox(['shell', '--pull', 'always', 'app', '--', 'sh', '-c', 'echo $V']);
  assert.equal(told.stdout, 'old\n');
  assert.match(told.stderr, /a kept sandbox stays on the image that it was made on/);
  await says(['image', 'rm', '--force', '--all']);
  assert.equal(await says(['shell', 'app', '--', 'sh', '-c', 'echo $V']), 'old');
});

test('a second shell joins the sandbox of an image while it is open', withBusybox, async (t) => {
  const { says, serve, user, cwd, env } = await imageWorld(t);
  serve('library/tool:latest', { Env: ['A=image'] });
  const held = await hold(t, user, { cwd, env }, ['shell', 'tool']);
  await held.tell('echo here > /tmp/note');
  assert.equal(await says(['shell', 'tool', '--', 'sh', '-c', 'cat /tmp/note; echo $A']), 'here\nimage');
  assert.equal(await held.end(), 0);
});

test('a name without an image is a sandbox of this machine; a word with one is not', withBusybox, async (t) => {
  const { says, user } = await imageWorld(t);
  assert.equal(await says(['shell', '--name', 'website', '--', 'id', '-u']), String(user.uid));
  assert.equal(await says(['shell', 'website', '--', 'uname', '-n']), 'website');
  assert.equal(await says(['shell', 'host', '--', 'uname', '-n']), 'default');
});

test('images work without subordinate ids too', bareWithBusybox, async (t) => {
  const { says, serve, registry } = await imageWorld(t, 'bare');
  serve('app:1', { Cmd: ['sh', '-c', 'id -u; stat -c %u /home/app /bin/busybox; chown 7:7 /opt && echo changed'] });
  assert.equal(await says(['run', `${registry.host}/app:1`]), '0\n0\n0\nchanged');
  await says(['shell', `${registry.host}/app:1`, '--', 'sh', '-c', 'echo kept > /opt/f']);
  assert.equal(await says(['shell', 'app', '--', 'cat', '/opt/f']), 'kept');
});
