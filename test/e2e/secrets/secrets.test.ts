import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { runAs, sandbox, workDirectory } from '../../support/user.ts';
import { busyboxRoot } from '../support/busybox-root.ts';
import { account, bare, inside, ordinary, ownStore, tryInside } from '../support/inside.ts';

const secret = 'hunter2';

test('a secret is a file in memory that only the user inside may read', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script =
    'stat -c "%a %U %s" /run/secrets/TOKEN; cat /run/secrets/TOKEN; echo; stat -f -c %T /run/secrets; ls /run/secrets';
  for (const words of [[], ['--profile', 'strict'], ['--read-only']]) {
    const seen = await inside(account(), { cwd, env: { TOKEN: secret } }, ['--secret', 'TOKEN', ...words], script);
    assert.deepEqual(seen.split('\n'), [`400 ${account().name} 7`, secret, 'tmpfs', 'TOKEN'], words.join(' '));
  }
});

test('it is read from a file, a variable of another name, or a pipe, byte by byte', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  writeFileSync(`${cwd}/key`, bytes);
  const words = ['--secret', 'key=./key', '--secret', 'other=env:TOKEN'];
  const seen = await inside(
    account(),
    { cwd, env: { TOKEN: secret } },
    words,
    'od -An -v -tx1 /run/secrets/key | tr -d " \\n"; echo; cat /run/secrets/other',
  );
  assert.deepEqual(seen.split('\n'), [bytes.toString('hex'), secret]);
  const piped = await runAs(
    account(),
    ['bash', '-c', `"$0" run --secret piped=<(printf ${secret}) -- cat /run/secrets/piped`, account().sandbox],
    { cwd },
  );
  assert.equal(piped.stdout, secret, piped.stderr);
});

for (const [kind, options] of [
  ['subordinate', ordinary],
  ['bare', bare],
] as const) {
  test(`the user inside owns it, whoever that is (${kind} account)`, {
    skip: options.skip || needs('busybox'),
  }, async (t) => {
    const user = account(kind);
    const cwd = workDirectory(t, user);
    const root = busyboxRoot(t, user);
    for (const words of [[], ['-u', '1000'], ['-u', 'app'], ['--read-only'], ['--profile', 'strict']]) {
      const seen = await inside(
        user,
        { cwd, env: { TOKEN: secret } },
        ['--rootfs', root, '--secret', 'TOKEN', ...words],
        'cat /run/secrets/TOKEN; echo; stat -c %a /run/secrets/TOKEN; test "$(stat -c %u /run/secrets/TOKEN)" = "$(id -u)" && echo own',
      );
      assert.deepEqual(seen.split('\n'), [secret, '400', 'own'], words.join(' '));
    }
  });
}

test('nothing is written where secrets are, and nothing of them is left', ordinary, async (t) => {
  const user = account();
  const cwd = workDirectory(t, user);
  const store = await ownStore(user, 'secrets');
  t.after(async () => await sandbox(user, ['rm', '--all', '--force'], { env: store.env }));
  const shell = async (words: readonly string[], script: string) =>
    await sandbox(user, ['shell', '--name', 'kept', ...words, '--', 'sh', '-c', script], {
      cwd,
      env: { ...store.env, TOKEN: secret },
    });
  const first = await shell(
    ['--secret', 'TOKEN'],
    'cat /run/secrets/TOKEN; touch /run/secrets/more || echo; rm -f /run/secrets/TOKEN || echo refused',
  );
  assert.equal(first.stdout, `${secret}\nrefused\n`, first.stderr);
  const second = await shell([], 'ls /run/secrets 2>/dev/null || echo nothing');
  assert.equal(second.stdout, 'nothing\n', second.stderr);
});

test(
  'a secret that is missing, empty, too large or given twice is an error that does not tell it',
  ordinary,
  async (t) => {
    const cwd = workDirectory(t, account());
    writeFileSync(`${cwd}/large`, Buffer.alloc(512_001, secret));
    writeFileSync(`${cwd}/largest`, Buffer.alloc(512_000, 'x'));
    writeFileSync(`${cwd}/closed`, secret, { mode: 0 });
    const env = { TOKEN: secret, EMPTY: '' };
    for (const [words, message] of [
      [['--secret', 'MISSING'], /--secret: there is no variable MISSING\n {2}hint: from a file: --secret MISSING=FILE/],
      [['--secret', 'a=env:MISSING'], /there is no variable MISSING/],
      [['--secret', 'EMPTY'], /--secret: EMPTY is empty/],
      [['--secret', 'a=large'], /--secret: a has more than 512000 bytes/],
      [['--secret', 'a=/dev/zero'], /--secret: a has more than 512000 bytes/],
      [['--secret', 'TOKEN', '--secret', 'TOKEN=largest'], /--secret: TOKEN is given twice/],
      [['--secret', 'a=gone'], /--secret: "gone" cannot be read: .*ENOENT/],
      [['--secret', 'a=closed'], /"closed" cannot be read: .*EACCES/],
    ] as const) {
      const { status, stderr } = await tryInside(account(), { cwd, env }, words, 'true');
      assert.equal(status, 125);
      assert.match(stderr, message);
      assert.ok(!stderr.includes(secret), stderr);
    }
    assert.equal(await inside(account(), { cwd }, ['--secret', 'a=largest'], 'wc -c < /run/secrets/a'), '512000');
  },
);
