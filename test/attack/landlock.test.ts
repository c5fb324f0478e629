/** What Landlock holds in profile strict: files that were not mounted, devices, mounts, signals, abstract sockets, ports. */
import assert from 'node:assert/strict';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { describe, test } from 'node:test';
import { runAs, sandbox, workDirectory } from '../support/user.ts';
import { attacker, attempt, canAttack, control, outcomes, perl } from './attack.ts';

/** Without the filter, so that nothing but Landlock says no. */
const BY_LANDLOCK = ['--profile', 'strict', '--network', 'host', '--security-opt', 'seccomp=unconfined'];
const STRICT = ['--profile', 'strict', '--network', 'host'];
const DEV = ['--profile', 'dev', '--network', 'host'];

async function listen(t: { after(what: () => void): void }, where: string | number): Promise<Server> {
  const server = createServer((socket) => void socket.on('error', () => {}).end('from the host'));
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen(where, '127.0.0.1', resolve);
  });
  t.after(() => void server.close());
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return address.port;
}

/** A file of the host as a stream of the command, in a directory of no sandbox. */
describe('a file that a stream was redirected to', canAttack, () => {
  const redirected = async (words: readonly string[], path: string, script: string) =>
    await runAs(
      attacker(),
      [
        'sh',
        '-c',
        `exec "$@" ${script}`,
        'sh',
        attacker().sandbox,
        'run',
        '--workspace',
        'none',
        ...words,
        '--',
        ...perl(`for my $p (qw(/dev/stdin /proc/self/fd/0 /dev/fd/0)) {
          my $f; try("write $p", sysopen($f, $p, O_WRONLY) && syswrite($f, 'evil')); try("truncate $p", truncate($p, 0) || undef); }
        my $g; try('read again', sysopen($g, '/dev/stdin', O_RDONLY) && sysread($g, my $b, 4) ? 1 : undef);`),
      ],
      { env: { FILE: path } },
    );

  test('is read, and cannot be opened again to be written to', async (t) => {
    const user = attacker();
    const path = `${workDirectory(t, user)}/profile`;
    for (const [words, holds] of [
      [DEV, false],
      [STRICT, true],
      [BY_LANDLOCK, true],
      [[...STRICT, '--user', 'root'], true],
    ] as const) {
      writeFileSync(path, 'mine');
      chownSync(path, user.uid, user.gid);
      const { stdout, stderr } = await redirected(words, path, '< "$FILE"');
      const tried = outcomes(stdout);
      const written = Object.entries(tried).filter(([what]) => /^(write|truncate)/.test(what));
      assert.equal(written.length, 6, stdout + stderr);
      for (const [what, outcome] of written) {
        if (holds) assert.match(outcome, /^(EACCES|EPERM)$/, `${words.join(' ')}: ${what}`);
      }
      if (!holds)
        assert.ok(
          written.some(([, outcome]) => outcome.startsWith('ok')),
          'the control writes to it',
        );
      else assert.match(tried['read again'] ?? '', /^ok/);
      assert.equal(readFileSync(path, 'utf8') === 'mine', holds, words.join(' '));
    }
  });

  test('is still written to as /dev/stdout and /dev/stderr', async (t) => {
    const user = attacker();
    const directory = workDirectory(t, user);
    const command = ['sh', '-c', 'echo one > /dev/stdout; echo two > /dev/stderr'];
    const script = `exec "$@" > ${directory}/out 2> ${directory}/err`;
    const words = ['sh', '-c', script, 'sh', user.sandbox, 'run', '--workspace', 'none', ...STRICT, '--', ...command];
    const { status } = await runAs(user, words);
    assert.equal(status, 0, readFileSync(`${directory}/err`, 'utf8'));
    assert.equal(readFileSync(`${directory}/out`, 'utf8'), 'one\n');
    assert.match(readFileSync(`${directory}/err`, 'utf8'), /^two$/m);
  });
});

describe('files', canAttack, () => {
  test('of devices are not made, not even the one that everybody may make (a whiteout)', async (t) => {
    const script = (place: string) => `my ($c, $b, $f) = ('${place}/c', '${place}/b', '${place}/f');
      try(whiteout => syscall(nr_mknodat, -100, $c, 020666, 0)); try(block => syscall(nr_mknodat, -100, $b, 060666, 0x700));
      try(fifo => syscall(nr_mknodat, -100, $f, 010600, 0));`;
    const outside = await control(script(workDirectory(t, attacker())));
    assert.match(outside.whiteout ?? '', /^ok/, 'the control makes it');
    assert.match((await attempt(DEV, script('/tmp'))).whiteout ?? '', /^ok/);
    for (const words of [STRICT, BY_LANDLOCK]) {
      const tried = await attempt(words, script('/tmp'));
      assert.match(tried.whiteout ?? '', /^(EACCES|EPERM)$/);
      assert.match(tried.block ?? '', /^(EACCES|EPERM)$/);
      assert.match(tried.fifo ?? '', /^ok/);
    }
  });

  test('are moved and linked between directories, as without it', async () => {
    const script = `mkdir '/tmp/a'; mkdir '/tmp/b'; open my $f, '>', '/tmp/a/f'; close $f;
      try(rename => rename('/tmp/a/f', '/tmp/b/f') || undef); try(link => link('/tmp/b/f', '/tmp/a/g') || undef);
      try(directory => rename('/tmp/a', '/tmp/b/a') || undef); try(var => rename('/tmp/b/f', '/tmp/b/a/h') || undef);
      open my $o, '>', '/proc/self/oom_score_adj'; try(oom => syswrite($o, '900'));`;
    const tried = await attempt(STRICT, script);
    for (const what of ['rename', 'link', 'directory', 'var', 'oom']) assert.match(tried[what] ?? '', /^ok/, what);
  });

  test('of a read-only root are held by Landlock too, and what is mounted writable is not', async () => {
    const words = [...BY_LANDLOCK, '--read-only', '--tmpfs', '/scratch'];
    // CAP_SYS_ADMIN and no filter: the mounts alone would not hold it.
    const tried = await attempt(
      words,
      `for my $p (qw(/tmp /run /scratch /dev/shm)) { open my $f, '>', "$p/f"; try("write $p", defined fileno $f ? 1 : undef); }
       open my $e, '>', '/etc/f'; try('write /etc', defined fileno $e ? 1 : undef);`,
    );
    assert.match(tried['write /etc'] ?? '', /^(EACCES|EROFS)$/);
    for (const path of ['/tmp', '/run', '/scratch', '/dev/shm'])
      assert.match(tried[`write ${path}`] ?? '', /^ok/, path);
  });
});

describe('mounting with CAP_SYS_ADMIN and no filter', canAttack, () => {
  const words = ['--user', 'root', '--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'];
  const script = `my ($t, $m, $none) = ('tmpfs', '/mnt', ''); mkdir $m;
    try(mount => syscall(nr_mount, $t, $m, $t, 0, 0));
    my $sys = '/proc/sys'; try(umount => syscall(nr_umount2, $sys, 2)); try(open => sysopen my $f, '/proc/sys/kernel/ns_last_pid', O_WRONLY);
    my $p = '/proc'; try(remount => syscall(nr_mount, 0, $p, 0, 4096 | 32, 0));
    try('move away', syscall(nr_mount, my $a = '/etc/hosts', my $b = '/etc/hostname', 0, 8192, 0));`;

  test('is refused in strict, as it is not in dev', async () => {
    const open = await attempt([...DEV, ...words], script);
    for (const what of ['mount', 'remount']) assert.match(open[what] ?? '', /^ok/, `${what}: the control mounts`);
    const tried = await attempt(['--profile', 'strict', ...words], script);
    for (const what of ['mount', 'umount', 'remount', 'move away']) assert.equal(tried[what], 'EPERM', what);
    assert.doesNotMatch(tried.open ?? '', /^ok/);
  });
});

describe('the host next door', canAttack, () => {
  test('has abstract sockets, which are not reached with --network host', async (t) => {
    const name = `attack-landlock-${process.pid}`;
    await listen(t, `\0${name}`);
    const script = `use Socket; my $to = pack 'S a*', AF_UNIX, "\\0${name}";
      socket my $u, AF_UNIX, SOCK_STREAM, 0; try(connect => connect $u, $to);
      socket my $d, AF_UNIX, SOCK_DGRAM, 0; my $sent = send $d, 'x', 0, $to; try(send => $sent);
      socket my $own, AF_UNIX, SOCK_STREAM, 0; try(bind => bind $own, pack 'S a*', AF_UNIX, "\\0own-$$"); listen $own, 1;
      socket my $c, AF_UNIX, SOCK_STREAM, 0; try(inside => connect $c, pack 'S a*', AF_UNIX, "\\0own-$$");`;
    assert.match((await attempt(DEV, script)).connect ?? '', /^ok/, 'the control connects');
    for (const words of [STRICT, BY_LANDLOCK, [...STRICT, '--user', 'root']]) {
      const tried = await attempt(words, script);
      assert.equal(tried.connect, 'EPERM', words.join(' '));
      assert.doesNotMatch(tried.send ?? '', /^ok/);
      assert.match(tried.inside ?? '', /^ok/, 'sockets of its own work');
    }
  });

  test('has processes in the same process group, which kill(0) does not reach', async () => {
    const user = attacker();
    // A sleep of the host in the group that the sandbox is started in, as a script or a Makefile would.
    const script = `trap : TERM; sleep 60 & p=$!
      "$0" run --workspace none "$@" -- perl -e 'kill TERM => 0; kill TERM => -1; sleep 1; print "end\\n"' || :
      state=$(sed -n 's/^State:.//p' /proc/$p/status); echo "sleep: $state"; kill $p`;
    const state = async (words: readonly string[]) => {
      const { stdout, stderr } = await runAs(user, ['setsid', '-w', 'sh', '-c', script, user.sandbox, ...words], {
        timeout: 60_000,
      });
      return /^sleep: (.*)$/m.exec(stdout)?.[1] ?? `nothing: ${stderr}`;
    };
    assert.match(await state(DEV), /^$|zombie/, 'the control ends it');
    for (const words of [STRICT, BY_LANDLOCK, [...STRICT, '--user', 'root']]) {
      assert.match(await state(words), /sleeping/, words.join(' '));
    }
  });

  test('is not signalled, nor init and the monitor', async () => {
    const script = `try(init => (kill 0 => 1) || undef); my $c = fork; if (!$c) { sleep 9; exit }
      try(child => (kill KILL => $c) || undef); my $fd = syscall(nr_pidfd_open, 1, 0); try(pidfd => syscall(nr_pidfd_send_signal, $fd, 9, 0, 0));`;
    const open = await attempt(DEV, script);
    assert.match(open.init ?? '', /^ok/, 'the control may');
    const tried = await attempt(STRICT, script);
    assert.equal(tried.init, 'EPERM');
    assert.equal(tried.pidfd, 'EPERM');
    assert.match(tried.child ?? '', /^ok/, 'its own processes are');
  });
});

describe('TCP ports', canAttack, () => {
  /** Every way to a TCP connection that a socket has: connect(2), MPTCP, data in the first packet. */
  const script = (port: number) => `use Socket; my $to = sockaddr_in(${port}, inet_aton('127.0.0.1'));
    socket my $a, AF_INET, SOCK_STREAM, 0; try(connect => connect $a, $to);
    my $m = syscall(nr_socket, 2, 1, 262); try(mptcp => $m < 0 ? undef : syscall(nr_connect, $m, $to, length $to));
    socket my $b, AF_INET, SOCK_STREAM, 0; my $sent = send $b, 'x', 0x20000000, $to; try('fast open', $sent);
    socket my $c, AF_INET, SOCK_STREAM, 0; my $data = 'x'; my $iov = pack 'PQ', $data, 1; my $name = $to;
    my $msg = pack 'P x![Q] L x4 P Q Q Q L x4', $name, length $name, $iov, 1, 0, 0, 0;
    try('fast open by sendmsg', syscall(nr_sendmsg, fileno $c, $msg, 0x20000000));
    socket my $u, AF_INET, SOCK_DGRAM, 0; my $datagram = send $u, 'x', 0, $to; try(udp => $datagram);
    socket my $l, AF_INET, SOCK_STREAM, 0; try(bind => bind $l, sockaddr_in(0, INADDR_ANY));`;

  test('that are not named are not connected to, by any way', async (t) => {
    const port = portOf(await listen(t, 0));
    const open = await attempt(DEV, script(port));
    for (const what of ['connect', 'mptcp', 'fast open', 'fast open by sendmsg'])
      assert.match(open[what] ?? '', /^ok|EPROTONOSUPPORT|EOPNOTSUPP/, `${what}: ${open[what]}`);
    assert.match(open.connect ?? '', /^ok/, 'the control connects');
    for (const words of [DEV, STRICT, [...DEV, '--user', 'root']]) {
      const tried = await attempt([...words, '--connect-tcp', '1'], script(port));
      for (const what of ['connect', 'mptcp', 'fast open', 'fast open by sendmsg'])
        assert.match(tried[what] ?? '', /^E/, `${words.join(' ')}: ${what}: ${tried[what]}`);
      for (const what of ['bind', 'udp']) assert.match(tried[what] ?? '', /^ok/, what);
    }
  });

  test('that are named are', async (t) => {
    const port = portOf(await listen(t, 0));
    const tried = await attempt([...STRICT, '--connect-tcp', `1,${port}`], script(port));
    assert.match(tried.connect ?? '', /^ok/);
  });

  test('are bound only where they are named', async () => {
    const bind = `use Socket; for my $port (40001, 40002) { socket my $l, AF_INET, SOCK_STREAM, 0;
      try($port => bind $l, sockaddr_in($port, INADDR_ANY)); }`;
    assert.match((await attempt(DEV, bind))['40001'] ?? '', /^ok/, 'the control binds it');
    const tried = await attempt([...STRICT, '--bind-tcp', '40002'], bind);
    assert.equal(tried['40001'], 'EACCES');
    assert.match(tried['40002'] ?? '', /^ok/);
  });

  test('cannot be had back by a rule of one’s own, nor by a process that joins', async (t) => {
    const port = portOf(await listen(t, 0));
    const again = `my $attr = pack 'QQQ', 0, 2, 0; my $rs = syscall(nr_landlock_create_ruleset, $attr, 24, 0); try(ruleset => $rs);
      my $rule = pack 'QQ', 2, ${port}; try(rule => syscall(nr_landlock_add_rule, $rs, 2, $rule, 0)); try(restrict => syscall(nr_landlock_restrict_self, $rs, 0));
      ${script(port)}`;
    const tried = await attempt([...BY_LANDLOCK, '--connect-tcp', '1'], again);
    assert.match(tried.restrict ?? '', /^ok/, 'it may restrict itself further');
    assert.equal(tried.connect, 'EACCES');
  });
});

test('what Landlock holds is shown by doctor and plan', canAttack, async () => {
  const doctor = await sandbox(attacker(), ['doctor', '--json']);
  const findings: unknown = JSON.parse(doctor.stdout);
  assert(Array.isArray(findings));
  const found = findings.find(({ id }) => id === 'landlock');
  assert.match(found?.detail ?? '', /^version \d+|the kernel has none/);
  const plan = await sandbox(attacker(), ['plan', '--workspace', 'none', ...STRICT, '--', 'true']);
  assert.match(plan.stdout, /landlock/);
});
