import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLock } from '../../../src/project/lock/format.ts';
import {
  EMPTY_LOCK,
  type Lock,
  type LockedStep,
  readLock,
  readLockToMend,
  writeLock,
} from '../../../src/project/lock/lock.ts';
import { oursOf, parseLock } from '../../../src/project/lock/parse.ts';
import { AMD, ARM, digest, image, projectWithStore } from './locks.ts';

const LOCK: Lock = {
  images: new Map([
    ['node:22', image('docker.io/library/node:22', '1', '2', '3')],
    ['busybox', { name: 'docker.io/library/busybox:latest', platforms: new Map([[AMD, digest('4')]]) }],
  ]),
  steps: new Map([
    ['test', [{ name: 'packages', recipe: digest('5'), results: new Map() }]],
    [
      'default',
      [
        {
          name: 'packages',
          recipe: digest('5'),
          results: new Map([
            [ARM, digest('7')],
            [AMD, digest('6')],
          ]),
        },
        { name: 'step 2', recipe: digest('8'), inputs: digest('9'), results: new Map([[AMD, digest('a')]]) },
      ],
    ],
  ]),
};

const TEXT = `# Written by \`sandbox lock\`. Commit it, and do not edit it by hand.
version = 1

[[image]]
image = "busybox"
name = "docker.io/library/busybox:latest"
"linux/amd64" = "${digest('4')}"

[[image]]
image = "node:22"
name = "docker.io/library/node:22"
index = "${digest('1')}"
"linux/amd64" = "${digest('2')}"
"linux/arm64" = "${digest('3')}"

[[step]]
environment = "default"
number = 1
name = "packages"
recipe = "${digest('5')}"
"linux/amd64" = "${digest('6')}"
"linux/arm64" = "${digest('7')}"

[[step]]
environment = "default"
number = 2
name = "step 2"
recipe = "${digest('8')}"
inputs = "${digest('9')}"
"linux/amd64" = "${digest('a')}"

[[step]]
environment = "test"
number = 1
name = "packages"
recipe = "${digest('5')}"
`;

test('the text is sorted, with a block for each image and step, and reads as what it was written from', () => {
  assert.equal(formatLock(LOCK), TEXT);
  assert.equal(formatLock(parseLock(TEXT, 'sandbox.lock')), TEXT);
  assert.deepEqual(parseLock(TEXT, 'sandbox.lock').images.get('node:22'), LOCK.images.get('node:22'));
  assert.equal(formatLock(EMPTY_LOCK).split('\n').length, 3);
});

test('every lock reads as what was written, whatever the names, and the order in it does not matter', () => {
  const anyDigest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as const);
  const platforms = fc
    .dictionary(fc.constantFrom(AMD, ARM, 'linux/arm/v7'), anyDigest, { minKeys: 1 })
    .map((each) => new Map(Object.entries(each)));
  const steps = fc.array(
    fc
      .record({
        name: fc.string({ minLength: 1 }),
        recipe: anyDigest,
        inputs: fc.option(anyDigest),
        results: platforms,
      })
      .map(({ inputs, ...rest }): LockedStep => ({ ...rest, ...(inputs === null ? {} : { inputs }) })),
    { minLength: 1, maxLength: 4 },
  );
  const names = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
  const images = fc.array(
    fc
      .tuple(fc.string({ minLength: 1 }), platforms)
      .map(([written, each]) => [written, { name: 'docker.io/a/b:1', platforms: each }] as const),
  );
  fc.assert(
    fc.property(images, fc.array(fc.tuple(names, steps)), (someImages, someSteps) => {
      const lock: Lock = { images: new Map(someImages), steps: new Map(someSteps) };
      const text = formatLock(lock);
      const read = parseLock(text, 'sandbox.lock');
      assert.deepEqual([...read.images].sort(), [...lock.images].sort());
      assert.deepEqual([...read.steps].sort(), [...lock.steps].sort());
      const turned = { images: new Map([...lock.images].reverse()), steps: new Map([...lock.steps].reverse()) };
      assert.equal(formatLock(turned), text);
    }),
    { numRuns: 50 },
  );
});

/** Gives what is said of a text that was changed. */
function refusal(from: string | RegExp, to: string, text = TEXT): { message: string; hint: string; code: string } {
  const changed = text.replace(from, to);
  assert.notEqual(changed, text);
  try {
    parseLock(changed, '/p/sandbox.lock');
  } catch (error) {
    assert.ok(error instanceof Error && 'hint' in error && 'code' in error);
    return { message: error.message, hint: String(error.hint), code: String(error.code) };
  }
  return assert.fail('it was taken');
}

test('what is wrong in it is said with line and column, and what to do', () => {
  const cases: Array<readonly [string | RegExp, string, RegExp]> = [
    [digest('6'), 'sha256:12', /^\/p\/sandbox\.lock:21:1: linux\/amd64: this is no digest/],
    [/^recipe = .*\n/m, '', /^\/p\/sandbox\.lock:\d+:\d+: this block has no `recipe`/],
    ['inputs =', 'input =', /^\/p\/sandbox\.lock:29:1: unknown key "input"/],
    ['number = 2', 'number = 1', /^\/p\/sandbox\.lock:26:1: step 1 of the environment "default" is here twice/],
    ['number = 2', 'number = 3', /^\/p\/sandbox\.lock:26:1: step 2 of the environment "default" is to be here/],
    ['image = "node:22"', 'image = "busybox"', /:10:1: the image "busybox" is here twice/],
    ['docker.io/library/node:22', 'https://evil/', /:11:1: name: "https:\/\/evil\/" does not do/],
    ['version = 1', 'version = 1\nsteps = 3', /:3:1: unknown key "steps"/],
    ['version = 1\n', '', /:1:1: it does not say which version/],
    ['version = 1', 'version = "1"', /:2:1: version "1" is not known/],
    ['[[image]]\nimage = "node', '[image]\nimage = "node', /:9:\d+: /],
    ['recipe = "sha', 'recipe = sha', /:20:\d+: /],
    ['environment = "default"', 'environment = "../up"', /:17:1: environment: "\.\.\/up" does not do/],
  ];
  for (const [from, to, expected] of cases) {
    const { message, hint, code } = refusal(from, to);
    assert.match(message, expected);
    assert.equal(code, 'LOCK');
    assert.match(hint, /do not edit it by hand/);
  }
});

test('a lock of a later version is left alone', () => {
  const { message, hint } = refusal('version = 1', 'version = 2');
  assert.match(message, /^\/p\/sandbox\.lock:2:1: it was written by a newer sandbox: .* version 2, .* 1$/);
  assert.match(hint, /^update `sandbox`/);
});

const CONFLICT = TEXT.replace(
  /^"linux\/amd64" = "sha256:2+"\n/m,
  (line) => `<<<<<<< HEAD\n${line}=======\n"linux/amd64" = "${digest('b')}"\n>>>>>>> other\n`,
);

test('a conflict of a merge is told from other damage', () => {
  const { message, hint } = refusal('<<<<<<< HEAD', '<<<<<<< ours', CONFLICT);
  assert.match(message, /^\/p\/sandbox\.lock:13:1: a merge has left a conflict here$/);
  assert.match(hint, /run `sandbox lock`/);
  assert.equal(oursOf(CONFLICT), TEXT);
  assert.equal(oursOf(TEXT), undefined);
});

test('the file is replaced in one go, and only where it says something else', async (t) => {
  const { directory, store } = projectWithStore(t);
  const path = `${directory}/sandbox.lock`;
  assert.equal(await readLock(directory), EMPTY_LOCK);
  await writeLock(directory, LOCK, store);
  assert.equal(readFileSync(path, 'utf8'), TEXT);
  utimesSync(path, 1, 1);
  await writeLock(directory, await readLock(directory), store);
  assert.equal(statSync(path).mtimeMs, 1000);
  await writeLock(directory, EMPTY_LOCK, store);
  assert.notEqual(readFileSync(path, 'utf8'), TEXT);
  assert.deepEqual(readdirSync(directory), ['sandbox.lock']);
});

test('our side of a conflict is what is written anew, and a later version is never', async (t) => {
  const { directory } = projectWithStore(t);
  const path = `${directory}/sandbox.lock`;
  writeFileSync(path, CONFLICT);
  await assert.rejects(readLock(directory), { code: 'LOCK', message: /a merge has left a conflict/ });
  assert.equal(formatLock(await readLockToMend(directory)), TEXT);
  writeFileSync(path, CONFLICT.replace('version = 1', 'version = 7'));
  await assert.rejects(readLockToMend(directory), { code: 'LOCK', message: /newer/ });
  writeFileSync(path, CONFLICT.replace('number = 2', 'number = 1'));
  assert.equal(await readLockToMend(directory), EMPTY_LOCK);
  writeFileSync(path, TEXT.replace('number = 2', 'number = 1'));
  await assert.rejects(readLockToMend(directory), { code: 'LOCK', message: /twice/ });
});

test('a link, a directory and a file without an end are no locks', async (t) => {
  const { directory, store } = projectWithStore(t);
  symlinkSync('/etc/passwd', `${directory}/sandbox.lock`);
  await assert.rejects(readLock(directory), { code: 'INVALID', message: /symbolic link/ });
  await assert.rejects(writeLock(directory, LOCK, store), { code: 'INVALID', message: /symbolic link/ });
  assert.doesNotMatch(readFileSync('/etc/passwd', 'utf8'), /Written by/);
});
