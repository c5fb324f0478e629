/** What a command gets in hand: streams, descriptors and variables that whoever starts it has. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { runAs, workDirectory } from '../support/user.ts';
import { ATTACKERS, attacker, canAttack, giveTo, outcomes, perl } from './attack.ts';

const inside = (words: readonly string[], command: readonly string[]) => [
  ...[attacker().sandbox, 'run', '--workspace', 'none', ...words, '--'],
  ...command,
];

/** Variables of a session that are secrets, lead to something of the host, or change what programs do. */
const VARIABLES = [
  'AWS_SECRET_ACCESS_KEY',
  'GITHUB_TOKEN',
  'NPM_TOKEN',
  'DATABASE_URL',
  'SSH_AUTH_SOCK',
  'GPG_AGENT_INFO',
  'DBUS_SESSION_BUS_ADDRESS',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_RUNTIME_DIR',
  'PULSE_SERVER',
  'DOCKER_HOST',
  'KUBECONFIG',
  'KRB5CCNAME',
  'LD_PRELOAD_ATTACK',
  'LD_LIBRARY_PATH',
  'BASH_ENV',
  'PERL5OPT',
  'PYTHONPATH',
  'NODE_OPTIONS',
  'GIT_SSH_COMMAND',
  'http_proxy',
  'SUDO_ASKPASS',
] as const;

describe('variables of the session stay outside', canAttack, async () => {
  const value = 'attack-value-19';
  const env = Object.fromEntries(
    VARIABLES.map((name) => [name, /PERL5OPT/.test(name) ? '' : /NODE_OPTIONS/.test(name) ? '--title=attack' : value]),
  );
  let seen: readonly { readonly name: string; readonly names: ReadonlySet<string> }[] = [];
  const names = (stdout: string) => new Set(stdout.split('\n').map((line) => line.split('=')[0] ?? ''));
  const look = async () => {
    if (seen.length > 0) return;
    const outside = await runAs(attacker(), ['env'], { env });
    const found = [{ name: 'outside', names: names(outside.stdout) }];
    for (const { name, words } of ATTACKERS) {
      const { status, stdout, stderr } = await runAs(attacker(), inside(words, ['env']), { env });
      assert.equal(status, 0, stderr);
      found.push({ name, names: names(stdout) });
    }
    seen = found;
  };
  for (const variable of VARIABLES) {
    test(variable, async () => {
      await look();
      const [outside, ...sandboxes] = seen;
      assert.ok(outside?.names.has(variable), 'the control has it');
      assert.equal(sandboxes.length, ATTACKERS.length);
      for (const { name, names } of sandboxes) assert.ok(names.has('PATH') && !names.has(variable), name);
    });
  }
});

describe('descriptors', canAttack, () => {
  const shell = (redirection: string, argv: readonly string[]) =>
    runAs(attacker(), ['sh', '-c', `exec "$@" ${redirection}`, 'sh', ...argv], { timeout: 30_000 });

  for (const kind of ['mnt', 'net', 'user', 'pid'] as const) {
    test(`a ${kind} namespace of the host as standard input is not entered`, async () => {
      const script = perl(`try(enter => syscall(nr_setns, 0, 0));
        for my $up (0xb701, 0xb702) { my $fd = syscall(nr_ioctl, 0, $up, 0); try("above $up", $fd >= 0 ? syscall(nr_setns, $fd, 0) : undef) }`);
      if (kind !== 'user') {
        const own = ['unshare', '-Urmpfiun', 'sh', '-c', `exec "$@" < /proc/self/ns/${kind}`, 'sh', ...script];
        const control = outcomes((await runAs(attacker(), own)).stdout);
        assert.match(control.enter ?? '', /^ok/, 'the control enters its own');
      }
      for (const { name, words } of ATTACKERS.filter(({ name }) => name.startsWith('root'))) {
        const { stdout, stderr } = await shell(`< /proc/self/ns/${kind}`, inside(words, script));
        const tried = outcomes(stdout);
        assert.match(tried.enter ?? stderr, /^E/, name);
        for (const [what, outcome] of Object.entries(tried)) assert.doesNotMatch(outcome, /^ok/, `${name}: ${what}`);
      }
    });
  }

  test('of namespaces and processes of the host are not passed on', async () => {
    const script =
      perl(`for my $fd (3..20) { my $to = readlink "/proc/self/fd/$fd"; try("descriptor $fd", $to) if defined $to && $to =~ m{^(mnt|user|net|pid|uts):|pidfd|^/} && $to !~ m{^/dev/null} }
      print "end: reached\\n"`);
    const opened =
      perl(`for my $ns (qw(mnt user net pid)) { sysopen my $f, "/proc/self/ns/$ns", O_RDONLY; my $kept = syscall(nr_dup, fileno $f); push our @k, $f, $kept }
      syscall(nr_dup, syscall(nr_pidfd_open, $$, 0)); exec @ARGV`);
    const open = outcomes((await runAs(attacker(), [...opened, ...script])).stdout);
    assert.ok(
      Object.values(open).some((outcome) => /mnt:/.test(outcome)),
      JSON.stringify(open),
    );
    for (const { name, words } of ATTACKERS) {
      const { stdout, stderr } = await runAs(attacker(), [...opened, ...inside(words, script)]);
      const tried = outcomes(stdout);
      assert.equal(tried.end, 'reached', stderr);
      assert.deepEqual(Object.keys(tried), ['end'], name);
    }
  });

  test('a file on standard input is not opened again for writing in profile strict', async (t) => {
    const user = attacker();
    const path = `${workDirectory(t, user)}/file`;
    writeFileSync(path, 'as it was');
    giveTo(user, path);
    const script = perl(`my $f; try(write => sysopen($f, '/proc/self/fd/0', O_RDWR) ? syswrite($f, 'evil') : undef);
      my $b; try(read => sysread STDIN, $b, 4);`);
    for (const { name, words } of ATTACKERS.filter(({ name }) => name.includes('strict'))) {
      const { stdout, stderr } = await shell(`< ${path}`, inside(words, script));
      assert.match(outcomes(stdout).write ?? stderr, /^E/, name);
      assert.match(outcomes(stdout).read ?? '', /^ok 4/, name);
      assert.equal(readFileSync(path, 'utf8'), 'as it was');
    }
    const open = await shell(`< ${path}`, inside([], script));
    assert.match(outcomes(open.stdout).write ?? '', /^ok/, 'the limit that the documentation names for dev');
  });

  test('a directory as any standard stream is not entered', async (t) => {
    const user = attacker();
    const place = workDirectory(t, user);
    const script = [
      'sh',
      '-c',
      'for fd in 0 1 2; do ls /proc/self/fd/$fd/; cd /proc/self/fd/$fd && pwd -P; done; echo end',
    ];
    writeFileSync(`${place}/attacked`, '');
    const open = await shell(`< ${place}`, script);
    assert.match(open.stdout, /^attacked$/m);
    for (const { name, words } of ATTACKERS) {
      const { stdout } = await shell(`< ${place}`, inside(words, script));
      assert.match(stdout, /^end$/m, name);
      assert.doesNotMatch(stdout, /attacked/, name);
    }
  });
});

test('the file of the program gives nobody more than they have (CVE-2020-5291)', canAttack, async (t) => {
  const user = attacker();
  const privileged = async (path: string) =>
    (await runAs(user, ['sh', '-c', `find ${path} -perm /6000; getcap ${path} 2>/dev/null`])).stdout !== '';
  assert.ok(await privileged('$(command -v newuidmap)'), 'the control is set-uid, or has capabilities');
  assert.equal(await privileged(user.sandbox), false);
  // So whoever traces the set-up, as the advisory's attacker does from a user namespace, gets a process of their own.
  const trace = `${workDirectory(t, user)}/trace`;
  const words = [
    'strace',
    '-f',
    '-qq',
    '-o',
    trace,
    '-e',
    'trace=setresuid,capset',
    ...inside(['--profile', 'strict'], ['id', '-u']),
  ];
  const { stdout } = await runAs(user, words, { timeout: 60_000 });
  assert.equal(stdout.trim(), String(user.uid));
});
