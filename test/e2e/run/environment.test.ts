import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runAs, sandbox, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary } from '../support/inside.ts';

async function variables(cwd: string, words: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const { stdout, stderr, status } = await sandbox(account(), ['run', ...words, '--', 'env'], { cwd, env });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split('\n').sort();
}

test('only what is needed is passed: no secret, no socket', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const secret = {
    AWS_SECRET_ACCESS_KEY: 's',
    GITHUB_TOKEN: 's',
    SSH_AUTH_SOCK: '/s',
    DBUS_SESSION_BUS_ADDRESS: 's',
    LD_PRELOAD: '',
  };
  const seen = await variables(cwd, [], { ...secret, TERM: 'xterm', LC_TIME: 'C', COLORTERM: 'truecolor', TZ: 'UTC' });
  const { name, home } = account();
  const expected = [
    'COLORTERM=truecolor',
    `HOME=${home}`,
    'LANG=C.UTF-8',
    'LC_TIME=C',
    `LOGNAME=${name}`,
    'PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
    'SHELL=/bin/bash',
    'TERM=xterm',
    'TZ=UTC',
    `USER=${name}`,
    'container=sandbox',
  ];
  assert.deepEqual(seen, expected);
});

test("-e sets a variable, takes the host's value, or all that start alike", ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const words = [
    '-e',
    'A=1',
    '--env',
    'B=two words=x',
    '--env=C=',
    '-e',
    'HOST_A',
    '-e',
    'MISSING',
    '-e',
    'PRE_*',
    '-e',
    'A=2',
  ];
  const seen = await variables(cwd, words, { HOST_A: 'host', PRE_1: 'p', PRE_2: 'q', PR: 'no' });
  const wanted = ['A=2', 'B=two words=x', 'C=', 'HOST_A=host', 'PRE_1=p', 'PRE_2=q'];
  assert.deepEqual(
    seen.filter((line) => /^(A|B|C|HOST_A|MISSING|PR.*)=/.test(line)),
    wanted,
  );
});

test('-e wins over what is set otherwise, and its PATH is searched for the command', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  writeFileSync(`${cwd}/here`, '#!/bin/sh\necho "found in $HOME"\n', { mode: 0o755 });
  const { stdout, status } = await sandbox(account(), ['run', '-e', 'HOME=/opt', '-e', `PATH=${cwd}`, '--', 'here'], {
    cwd,
  });
  assert.deepEqual([status, stdout], [0, 'found in /opt\n']);
  assert.equal((await sandbox(account(), ['run', '--', 'here'], { cwd })).status, 127);
});

test('--env-file reads lines as docker does, and -e wins over it', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  writeFileSync(`${cwd}/one`, '# comment\n\nA=1\n  B="quoted" # kept\nFROM_HOST\nNOT_THERE\n');
  writeFileSync(`${cwd}/two`, 'A=from two\r\nC=3');
  const seen = await variables(cwd, ['-e', 'C=option', '--env-file', 'one', '--env-file', `${cwd}/two`], {
    FROM_HOST: 'h',
  });
  const wanted = ['A=from two', 'B="quoted" # kept', 'C=option', 'FROM_HOST=h'];
  assert.deepEqual(
    seen.filter((line) => /^(A|B|C|FROM_HOST|NOT_THERE)=/.test(line)),
    wanted,
  );
  const { status, stderr } = await sandbox(account(), ['run', '--env-file', './missing', '--', 'true'], { cwd });
  assert.equal(status, 125);
  assert.match(stderr, /--env-file: .*missing.*ENOENT/);
});

test('an --env-file is read once, and so may be a pipe', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const run = (file: string) => `"$0" run --env-file ${file} -- printenv A`;
  const script = `mkfifo fifo; echo A=fifo > fifo & ${run('./fifo')}; ${run('<(echo A=substituted)')}`;
  const { stdout, stderr } = await runAs(account(), ['bash', '-c', script, account().sandbox], {
    cwd,
    timeout: 30_000,
  });
  assert.equal(stdout, 'fifo\nsubstituted\n', stderr);
});

test('directories of the home are not in PATH, unless they are in the workspace', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const closed = workDirectory(t, account());
  const PATH = `${account().home}/.local/bin:/usr/bin:relative:/no/such:${closed}/bin:${cwd}:/usr/bin:/bin`;
  chmodSync(closed, 0);
  try {
    assert.equal(await inside(account(), { cwd, env: { PATH } }, [], 'echo $PATH'), `/usr/bin:${cwd}:/bin`);
  } finally {
    chmodSync(closed, 0o755);
  }
});

test(
  '100 kB of arguments and variables with newlines and bytes that are not UTF-8 arrive as they are',
  ordinary,
  async (t) => {
    const cwd = workDirectory(t, account());
    // Node could not pass these bytes on: perl starts the sandbox and says what it gave.
    const outside = `
    my $bytes = join('', map { chr } 1 .. 255) x 400;
    my @arguments = ('', "a\\nb\\n", "\\xff\\xfe\\xc3", ' ', '--', '-v', $bytes);
    $ENV{BYTES} = "\\xc3\\n\\x80=" . $bytes;
    open my $file, '>:raw', 'given' or die; print $file join("\\0", @arguments, $ENV{BYTES}); close $file;
    exec @ARGV, @arguments or die`;
    const there = 'open my $file, ">:raw", "got" or die; print $file join("\\0", @ARGV, $ENV{BYTES})';
    const argv = ['perl', '-e', outside, account().sandbox, 'run', '-e', 'BYTES', '--', 'perl', '-e', there];
    const { status, stderr } = await runAs(account(), argv, { cwd });
    assert.equal(status, 0, stderr);
    const given = readFileSync(`${cwd}/given`);
    assert.ok(given.length > 200_000);
    assert.ok(readFileSync(`${cwd}/got`).equals(given));
  },
);

test('many small arguments and variables arrive too', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const numbers = Array.from({ length: 20_000 }, (_, index) => String(index));
  const words = ['run', ...numbers.slice(0, 500).flatMap((number) => ['-e', `N${number}=${number}`])];
  const script = 'for last; do :; done; echo $# $1 $last; env | grep -c ^N';
  const { stdout, stderr } = await sandbox(account(), [...words, '--', 'bash', '-c', script, 'bash', ...numbers], {
    cwd,
  });
  assert.equal(stdout, '20000 0 19999\n500\n', stderr);
});
