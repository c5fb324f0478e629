import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { archive } from '../../support/tar/raw.ts';
import { Terminal } from '../../support/terminal.ts';
import { busyboxTar, imageWorld, type World, withBusybox } from './support/world.ts';

const SIZE = 3_000_000;

/** An image of two layers; the upper one's 3 MB come in pieces, for as long as a test lets them. */
async function slowWorld(t: TestContext, milliseconds: number): Promise<World & { readonly image: string }> {
  const world = await imageWorld(t);
  const upper = archive({ name: 'big', content: randomBytes(SIZE), mode: 0o644 });
  const made = world.registry.serve('big:1', { layers: [busyboxTar(), upper], config: { Cmd: ['echo', 'ran'] } });
  const path = `/blobs/${made.layers[1]?.digest}`;
  world.registry.fault({ path }, { kind: 'slow', bytes: 100_000, milliseconds });
  return { ...world, image: `${world.registry.host}/big:1` };
}

test('on a terminal a pull is lines that are redrawn in place, and taken away', withBusybox, async (t) => {
  const { user, cwd, env, image } = await slowWorld(t, 60);
  const terminal = await Terminal.open(t, user, [user.sandbox, 'image', 'pull', image], { cwd, env, columns: 100 });
  await terminal.see(/pulling 127\.\S+ {2}1 of 2 layers {2}\d\.\d\d MB of \d\.\d\d MB {2}\d+s left {2}[\d.]+ [kM]B\/s/);
  assert.equal(await terminal.end(), 0);
  const { shown } = terminal;
  assert.match(shown, /downloading/);
  assert.match(shown, /[█▒]+░+ {2}\d+ kB \/ 3\.\d\d MB/);
  const last = shown.slice(shown.lastIndexOf('\x1b[J') + 3);
  assert.match(last, /^sandbox: pulled 127\.0\.0\.1:\d+\/big:1: [\d.]+ MB in \d+s\r\n[0-9a-f]{64}\r\n$/);
});

test(
  'elsewhere, and on a dumb terminal, it is one line at the end, and none where quiet is wished for',
  withBusybox,
  async (t) => {
    const { user, cwd, env, image, sandbox } = await slowWorld(t, 10);
    const piped = await sandbox(['run', image]);
    assert.deepEqual([piped.stdout, piped.status], ['ran\n', 0]);
    assert.match(piped.stderr, /^sandbox: pulled [^\n]*\n$/);
    await sandbox(['image', 'rm', '--force', image]);
    const quiet = await sandbox(['run', '--quiet', image]);
    assert.deepEqual([quiet.stdout, quiet.stderr], ['ran\n', '']);
    await sandbox(['image', 'rm', '--force', image]);
    const dumb = await Terminal.open(t, user, [user.sandbox, 'run', image], { cwd, env: { ...env, TERM: 'dumb' } });
    await dumb.see(/ran/);
    assert.equal(await dumb.end(), 0);
    assert.match(dumb.shown, /^sandbox: pulled [^\n]*\r\nran\r\n$/);
  },
);

test('Ctrl-C ends a pull with 130, and the next one goes on where it stopped', withBusybox, async (t) => {
  const { user, cwd, env, image, registry, says } = await slowWorld(t, 100);
  for (const words of [
    ['image', 'pull', image],
    ['run', image],
    ['plan', image],
  ]) {
    const terminal = await Terminal.open(t, user, [user.sandbox, ...words], { cwd, env });
    await terminal.see(/pulling/);
    await terminal.see(/downloading.*kB/s);
    terminal.type('\x03');
    assert.equal(await terminal.end(), 130);
    const last = terminal.shown.slice(terminal.shown.lastIndexOf('\x1b[J') + 3);
    assert.doesNotMatch(last, /error|bug|abort/i);
  }
  const partial = `${env.XDG_DATA_HOME}/sandbox/images/partial`;
  assert.ok(existsSync(partial) && readdirSync(partial).length > 0);
  registry.clearFaults();
  const before = registry.requests.length;
  assert.equal(await says(['run', image]), 'ran');
  const resumed = registry.requests.slice(before).filter(({ headers }) => headers.range !== undefined);
  assert.equal(resumed.length, 1);
  assert.match(resumed[0]?.headers.range ?? '', /^bytes=[1-9]\d*-/);
});

test('a terminal that becomes narrower is left without a trace of the lines that wrapped', withBusybox, async (t) => {
  const { user, cwd, env, image } = await slowWorld(t, 60);
  const terminal = await Terminal.open(t, user, [user.sandbox, 'image', 'pull', image], { cwd, env, columns: 100 });
  await terminal.see(/downloading {2}[█▒░]{30}/);
  await terminal.resize(24, 40);
  // Lines of some 75 columns take two rows now.
  await terminal.see(/\[[3-7]A.\[J/);
  await terminal.see(/downloading {2} *\d+%/);
  const start = terminal.shown.lastIndexOf('\x1b[J') + 3;
  assert.equal(await terminal.end(), 0);
  const narrow = terminal.shown.slice(start).split('\x1b[J').slice(0, -1);
  for (const line of narrow.flatMap((frame) => stripVTControlCharacters(frame).split(/[\r\n]+/))) {
    assert([...line].length < 40, line);
  }
});

test('SIGTERM ends a pull with 143', withBusybox, async (t) => {
  const { user, cwd, env, image } = await slowWorld(t, 100);
  const terminal = await Terminal.open(t, user, [user.sandbox, 'image', 'pull', image], { cwd, env });
  await terminal.see(/downloading/);
  process.kill(terminal.pid, 'SIGTERM');
  assert.equal(await terminal.end(), 143);
});
