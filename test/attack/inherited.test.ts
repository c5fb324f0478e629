/** What comes into a sandbox by inheritance: descriptors, the directory, the environment, keys, sockets, the terminal. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { describe, test } from 'node:test';
import { needs } from '../packages.ts';
import { runAs, sandbox } from '../support/user.ts';
import { attack, attacker, attempt, canAttack, control, outcomes, perl, treasure } from './attack.ts';

/** Ends what hangs: in an emulated machine a single start takes half a minute. */
const PATIENCE = 180_000;

const inSandbox = (words: readonly string[], command: readonly string[]) => [
  attacker().sandbox,
  'run',
  '--workspace',
  'none',
  ...words,
  '--',
  ...command,
];

/** Runs `argv` with a shell in front of it, which may redirect. */
const withShell = (redirections: string, argv: readonly string[], env: Record<string, string> = {}) =>
  runAs(attacker(), ['sh', '-c', `exec "$@" ${redirections}`, 'sh', ...argv], { timeout: PATIENCE, env });

describe('descriptors', canAttack, () => {
  test('that are open outside are closed inside', async (t) => {
    const outside = treasure(t);
    const redirections = `3< ${outside.path}/file 7< ${outside.path} 60< ${outside.path}/file`;
    const script = ['sh', '-c', 'cat /proc/self/fd/3; ls /proc/self/fd/7/; cat <&3; echo end'];
    const open = await withShell(redirections, script);
    assert.ok(open.stdout.includes(outside.secret), 'the control can read it');
    for (const words of [[], ['--user', 'root']]) {
      const { stdout } = await withShell(redirections, inSandbox(words, script));
      assert.match(stdout, /end$/m);
      assert.ok(!stdout.includes(outside.secret) && !stdout.includes('hosts'), stdout);
    }
  });

  test('a directory as a standard stream is no way out', async (t) => {
    const outside = treasure(t);
    const script = `for my $fd (0, 1, 2) { my $p = '..'; my $dir = syscall(nr_openat, $fd, $p, 0); next if $dir < 0;
      opendir my $d, "/proc/self/fd/$dir"; print STDOUT "entry $_\\n" for readdir $d; print STDERR "entry $_\\n"; } print "end: reached\\n"; print STDERR "end: reached\\n";`;
    const open = await withShell(`< ${outside.path}`, perl(script));
    assert.match(open.stdout, /^entry treasure$/m, 'the control leaves it');
    const input = await withShell(`< ${outside.path}`, inSandbox([], perl(script)));
    assert.match(input.stdout, /^end: reached$/m);
    assert.doesNotMatch(input.stdout, /^entry treasure$/m);
  });

  test('as the working directory lead nowhere (CVE-2024-21626)', async (t) => {
    const outside = treasure(t);
    for (const words of [[], ['--user', 'root']]) {
      for (const fd of [3, 4, 5, 6, 7, 8, 9, 500]) {
        const command = ['sh', '-c', `cat ${'../'.repeat(12)}${outside.path.slice(1)}/file; pwd -P`];
        const { status, stdout } = await sandbox(
          attacker(),
          ['run', '--workspace', 'none', '-w', `/proc/self/fd/${fd}`, ...words, '--', ...command],
          { timeout: PATIENCE },
        );
        assert.ok(!stdout.includes(outside.secret), `descriptor ${fd}: ${stdout}`);
        assert.equal(status, 125, `descriptor ${fd}: ${stdout}`);
      }
    }
  });
});

describe('the environment', canAttack, () => {
  test('of the host does not come in, and init does not show it', async () => {
    const secret = 'attack-secret-7af1';
    const script = ['sh', '-c', 'env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr "\\0" "\\n"; echo end'];
    const env = { ATTACK_TOKEN: secret, SSH_AUTH_SOCK: `/tmp/${secret}`, XAUTHORITY: `/tmp/${secret}`, LD_PRELOAD: '' };
    const open = await withShell('', script, env);
    assert.ok(open.stdout.includes(secret));
    for (const words of [[], ['--user', 'root']]) {
      const { stdout } = await withShell('', inSandbox(words, script), env);
      assert.match(stdout, /end$/m);
      assert.ok(!stdout.includes(secret), stdout);
    }
  });
});

describe('keys of the login session', canAttack, () => {
  test('cannot be read (Kerberos tickets are kept there)', async () => {
    const read = `my ($type, $name) = ('user', 'attack'); my $id = syscall(nr_keyctl, 10, -3, $type, $name, 0); my $b = ' ' x 32;
      try(search => $id); try(read => syscall(nr_keyctl, 11, $id, $b, 32)); try(session => syscall(nr_keyctl, 0, -3, 0));`;
    // A session keyring with one key, then the attack below it.
    const session = (command: readonly string[]) => [
      ...perl(`syscall(nr_keyctl, 1, 0) >= 0 or exit 3; my ($type, $name, $value) = ('user', 'attack', 'ticket');
        syscall(nr_add_key, $type, $name, $value, 6, -3) >= 0 or exit 3; exec @ARGV;`),
      ...command,
    ];
    const user = attacker();
    const open = outcomes((await runAs(user, session(perl(read)))).stdout);
    assert.match(open.read ?? '', /^ok 6/, 'the control reads it');
    for (const words of [[], ['--user', 'root']]) {
      const inside = outcomes((await runAs(user, session(inSandbox(words, perl(read))))).stdout);
      assert.match(inside.search ?? '', /^E/);
      assert.doesNotMatch(inside.read ?? '', /^ok/);
    }
  });
});

describe('sockets', canAttack, () => {
  const listen = async (where: string | number): Promise<Server> => {
    const server = createServer((socket) => void socket.on('error', () => {}).end('from the host'));
    await new Promise<void>((resolve) => {
      if (typeof where === 'string') server.listen(where, resolve);
      else server.listen(where, '127.0.0.1', resolve);
    });
    return server;
  };

  test('of the host, abstract ones and those of its loopback, are not there with --network none', async (t) => {
    const name = `attack-${process.pid}`;
    const abstract = await listen(`\0${name}`);
    const loopback = await listen(0);
    t.after(() => [abstract, loopback].forEach((server) => void server.close()));
    const address = loopback.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const script = `use Socket;
      socket my $u, AF_UNIX, SOCK_STREAM, 0; try(abstract => connect $u, pack 'S a*', AF_UNIX, "\\0${name}");
      socket my $i, AF_INET, SOCK_STREAM, 0; try(loopback => connect $i, sockaddr_in(${port}, inet_aton('127.0.0.1')));`;
    const open = await control(script);
    assert.match(open.abstract ?? '', /^ok/);
    assert.match(open.loopback ?? '', /^ok/);
    for (const words of [
      ['--network', 'none'],
      ['--network', 'none', '--user', 'root'],
    ]) {
      const tried = await attempt(words, script);
      assert.equal(tried.abstract, 'ECONNREFUSED');
      assert.equal(tried.loopback, 'ECONNREFUSED');
    }
  });

  test('agents and session buses, which have paths, are not there either', async () => {
    const { stdout } = await attack(
      [],
      ['sh', '-c', 'find /run /tmp /var/run/ -type s 2>/dev/null; ls -A /tmp; echo end'],
    );
    assert.equal(stdout, 'end\n');
  });
});

describe('the terminal', { skip: canAttack.skip || needs('script') }, () => {
  /** Runs a command with a terminal that only it has. */
  const inTerminal = (command: readonly string[]) =>
    runAs(
      attacker(),
      ['script', '-qec', command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '), '/dev/null'],
      { timeout: PATIENCE },
    );
  const script = `my ($sti, $linux) = ('x', chr 2);
    try(sti => syscall(nr_ioctl, 0, 0x5412, $sti)); try(linux => syscall(nr_ioctl, 0, 0x541c, $linux));
    try('sti wide', syscall(nr_ioctl, 0, 0x5412 + (1 << 32), $sti)); sysopen my $tty, '/dev/tty', O_RDWR; try('sti tty', syscall(nr_ioctl, fileno $tty, 0x5412, $sti));
    my $size = ' ' x 8; try(size => syscall(nr_ioctl, 0, 0x5413, $size));`;

  test('that is shared cannot be typed into (CVE-2017-5226)', async () => {
    const raw = (await inTerminal(perl(script))).stdout;
    const open = outcomes(raw.replaceAll('\r', ''));
    // A kernel that has no TIOCSTI (dev.tty.legacy_tiocsti=0) says EIO, and a pseudo-terminal no TIOCLINUX.
    assert.match(open.sti ?? '', /^(ok|EIO)/, raw);
    assert.doesNotMatch(open.linux ?? '', /EPERM/);
    for (const words of [[], ['--user', 'root']]) {
      const { stdout, stderr } = await inTerminal(inSandbox(words, perl(script)));
      const tried = outcomes(stdout.replaceAll('\r', ''));
      for (const what of ['sti', 'linux', 'sti wide', 'sti tty'])
        assert.equal(tried[what], 'EPERM', `${what}: ${stdout}${stderr}`);
      assert.match(tried.size ?? '', /^ok/, 'other requests pass');
    }
  });

  test('of one’s own is not the user’s', async () => {
    const own = outcomes(
      (
        await inTerminal(inSandbox(['-t'], perl(`${script} use POSIX; print "\\nname: ", POSIX::ttyname(0), "\\n"`)))
      ).stdout.replaceAll('\r', ''),
    );
    assert.equal(own.name, '/dev/pts/0');
  });
});
