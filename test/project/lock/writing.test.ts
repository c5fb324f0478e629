import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EMPTY_LOCK, type Lock, readLock, writeLock } from '../../../src/project/lock/lock.ts';
import { pruned, withEnvironment } from '../../../src/project/lock/steps.ts';
import { replaceInProject, whileWriting } from '../../../src/project/lock/writing.ts';
import type { Environment } from '../../../src/project/model.ts';
import { AMD, built, environment, image, projectWithStore, step } from './locks.ts';

const IMAGE = image('docker.io/library/debian:latest', '1', '2', '3');
const [FIRST, SECOND] = [environment('default', [step(1)]), environment('test', [step(1)])];
const BOTH = [FIRST, SECOND];

function withBuilt(lock: Lock, one: Environment, all: readonly Environment[] = BOTH, result = '5'): Lock {
  return withEnvironment(lock, {
    environments: new Map(all.map((each) => [each.name, each])),
    environment: one,
    locked: IMAGE,
    built: built(one.steps, [['a', result]]),
    platform: AMD,
    comparable: true,
    results: 'replace',
  });
}

describe('a lock that others write at the same time', () => {
  it('keeps what they have entered since it was read', async (t) => {
    const { directory, store } = projectWithStore(t);
    const ours = withBuilt(await readLock(directory), FIRST);
    await writeLock(directory, withBuilt(await readLock(directory), SECOND), store);
    await writeLock(directory, ours, store);
    assert.deepEqual([...(await readLock(directory)).steps.keys()], ['default', 'test']);
  });

  it('keeps it where several environments were built for one lock, and takes the own results', async (t) => {
    const { directory, store } = projectWithStore(t);
    const names = new Map(BOTH.map((each) => [each.name, each]));
    await writeLock(directory, withBuilt(EMPTY_LOCK, SECOND, BOTH, '6'), store);
    const ours = withBuilt(withBuilt(pruned(EMPTY_LOCK, names), FIRST), SECOND, BOTH, '7');
    const other = image('docker.io/library/alpine:latest', '4', '5', '6');
    const third = environment('third', [step(1)], 'alpine');
    const { images, steps } = withBuilt(await readLock(directory), third, [...BOTH, third]);
    await writeLock(directory, { images: new Map([...images, ['alpine', other]]), steps }, store);
    writeFileSync(
      `${directory}/sandbox.toml`,
      'image = "debian"\n[[steps]]\nrun = "true"\n[env.test]\nextends = "default"\n[env.third]\nimage = "alpine"\n[[env.third.steps]]\nrun = "x"\n',
    );
    await writeLock(directory, ours, store);
    const written = await readLock(directory);
    // `third` came into sandbox.toml when the others were being built.
    assert.deepEqual([...written.steps.keys()], ['default', 'test', 'third']);
    assert.deepEqual([...written.images.keys()], ['alpine', 'debian']);
    assert.match(written.steps.get('test')?.[0]?.results.get(AMD) ?? '', /:7+$/);
  });

  it('drops what sandbox.toml does not name any more', async (t) => {
    const { directory, store } = projectWithStore(t);
    await writeLock(directory, withBuilt(withBuilt(EMPTY_LOCK, FIRST), SECOND), store);
    const toml = 'image = "debian"\n[[steps]]\nrun = "true"\n[env.test]\nimage = "debian"\n';
    writeFileSync(`${directory}/sandbox.toml`, toml);
    const bare = environment('test', []);
    await writeLock(directory, withBuilt(await readLock(directory), bare, [FIRST, bare]), store);
    assert.deepEqual([...(await readLock(directory)).steps.keys()], ['default']);
    writeFileSync(`${directory}/sandbox.toml`, 'image = "alpine"\n');
    const other = environment('default', [], 'alpine');
    await writeLock(directory, withBuilt(await readLock(directory), other, [other]), store);
    assert.deepEqual([...(await readLock(directory)).images.keys()], ['alpine']);
  });

  it('has all that four processes enter at once', async (t) => {
    const { directory, store } = projectWithStore(t);
    const names = ['a', 'b', 'c', 'd'];
    const program = fileURLToPath(import.meta.resolve('./at-once.ts'));
    const run = promisify(execFile);
    await Promise.all(names.map((own) => run(process.execPath, [program, directory, store, own, ...names])));
    assert.equal((await readLock(directory)).steps.size, 20);
    assert.deepEqual(readdirSync(directory), ['sandbox.lock']);
  });
});

describe('files of a project', () => {
  it('are changed by one process at a time', async (t) => {
    const { directory, store } = projectWithStore(t);
    const order: string[] = [];
    const first = whileWriting(store, directory, async () => {
      order.push('first');
      await new Promise((resolve) => setTimeout(resolve, 60));
      order.push('end of the first');
    });
    await Promise.all([first, whileWriting(store, directory, async () => void order.push('second'))]);
    assert.deepEqual(order, ['first', 'end of the first', 'second']);
    await assert.rejects(
      whileWriting(store, directory, async () => await Promise.reject(new Error('failed'))),
      /failed/,
    );
    await whileWriting(store, directory, async () => {});
    assert.deepEqual(readdirSync(directory), []);
  });

  it('are not replaced where somebody without the lock was faster', (t) => {
    const { directory } = projectWithStore(t);
    const path = `${directory}/sandbox.toml`;
    writeFileSync(path, 'by an editor');
    const bytes = Buffer.from('ours');
    assert.throws(() => replaceInProject(directory, 'sandbox.toml', bytes, Buffer.from('before')), {
      code: 'INVALID',
      message: /changed by another program/,
    });
    assert.equal(readFileSync(path, 'utf8'), 'by an editor');
    replaceInProject(directory, 'sandbox.toml', bytes, Buffer.from('by an editor'));
    assert.equal(readFileSync(path, 'utf8'), 'ours');
    assert.deepEqual(readdirSync(directory), ['sandbox.toml']);
  });

  it('that somebody has left who was killed are removed, and no others', (t) => {
    const { directory } = projectWithStore(t);
    // No process has a number so high: PID_MAX_LIMIT is 2^22.
    const left = `${directory}/.sandbox.lock.99999999-abc-1.tmp`;
    const others = [
      `${directory}/.sandbox.toml.${process.pid}-abc-1.tmp`,
      `${directory}/.sandbox.toml.tmp`,
      `${directory}/notes.99999999-abc-1.tmp`,
    ];
    for (const path of [left, ...others]) writeFileSync(path, '');
    replaceInProject(directory, 'sandbox.toml', Buffer.from('ours'));
    assert.deepEqual(
      others.map((path) => existsSync(path)),
      [true, true, true],
    );
    assert.equal(existsSync(left), false);
  });
});
