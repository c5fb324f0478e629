import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workDirectory } from '../../support/user.ts';
import { account, bare, inside, ordinary } from '../support/inside.ts';

const NAMES = [
  'fd',
  'full',
  'mqueue',
  'null',
  'ptmx',
  'pts',
  'random',
  'shm',
  'stderr',
  'stdin',
  'stdout',
  'tty',
  'urandom',
  'zero',
];

test('/dev has what every program expects, and nothing else', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  assert.deepEqual((await inside(account(), { cwd }, [], 'ls -A /dev')).split('\n'), NAMES);
  const script =
    'cd /dev; for n in fd stdin stdout stderr ptmx; do readlink $n; done; stat -c %a:%F shm mqueue; stat -c %t:%T null zero full random urandom tty';
  const links = ['/proc/self/fd', '/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2', 'pts/ptmx'];
  const seen = (await inside(account(), { cwd }, [], script)).split('\n');
  assert.deepEqual(seen, [...links, '1777:directory', '1777:directory', '1:3', '1:5', '1:7', '1:8', '1:9', '5:0']);
});

test('each device does what it is for', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `
    echo x > /dev/null && wc -c < /dev/null; head -c 4 /dev/zero | od -An -tx1
    echo x > /dev/full || echo full; head -c 16 /dev/urandom | wc -c; head -c 16 /dev/random | wc -c
    echo via-stdin | cat /dev/stdin; (echo via-stdout > /dev/stdout) | cat; echo via-fd | cat /dev/fd/0
    echo x > /dev/shm/a && cat /dev/shm/a; (: < /dev/tty) || echo no terminal`;
  const seen = await inside(account(), { cwd }, [], `exec 2>/dev/null; ${script}`);
  assert.deepEqual(seen.split('\n'), [
    '0',
    ' 00 00 00 00',
    'full',
    '16',
    '16',
    'via-stdin',
    'via-stdout',
    'via-fd',
    'x',
    'no terminal',
  ]);
});

for (const [kind, options] of [
  ['subordinate', ordinary],
  ['bare', bare],
] as const) {
  test(`a new terminal can be opened inside, by the user and by root (${kind} account)`, options, async (t) => {
    const user = account(kind);
    const cwd = workDirectory(t, user);
    for (const words of [[], ['-u', 'root'], ['-u', '1234']]) {
      const seen = await inside(
        user,
        { cwd },
        words,
        'script -qec "tty; test -t 0 && stty size >/dev/null && echo terminal; ls /dev/pts" /dev/null < /dev/null',
      );
      assert.deepEqual(seen.trimEnd().split(/\r?\n/), ['/dev/pts/0', 'terminal', '0  ptmx'], words.join(' '));
    }
  });
}

test('-t gives a terminal of its own', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const seen = await inside(
    account(),
    { cwd },
    ['-t'],
    'tty; test -t 0 && test -t 1 && test -t 2 && echo all; test -c /dev/console && echo console; : < /dev/tty && echo controlling',
  );
  assert.deepEqual(seen.trimEnd().split(/\r?\n/), ['/dev/pts/0', 'all', 'console', 'controlling']);
});

test('without -t the streams are what they were, -i or not', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  for (const words of [[], ['-i'], ['--interactive']]) {
    assert.equal(
      await inside(account(), { cwd, input: 'given\n' }, words, 'cat; test -t 0 || echo none'),
      'given\nnone',
    );
  }
});
