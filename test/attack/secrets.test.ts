/** Secrets, variables and agents of the session: who finds what was given to one sandbox, or was not given at all. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { environmentOf, needsAccount, runAs, sandbox, testUser, workDirectory } from '../support/user.ts';
import { attack, attacker, attempt, canAttack, giveTo } from './attack.ts';

const secret = `secret-${process.pid}-hunter2`;
const env = { ATTACK_TOKEN: secret };
const given = ['--secret', 'ATTACK_TOKEN'];

/** A sandbox of the attacker's that stays until the test ends; `line` is what its command printed first. */
async function standing(
  t: Pick<TestContext, 'after'>,
  words: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<{ readonly monitor: number; readonly line: string }> {
  const user = attacker();
  const child: ChildProcess = spawn(user.sandbox, words, {
    cwd: options.cwd ?? user.home,
    env: environmentOf(user, { ...env, ...options.env }),
    ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.stdin?.end());
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes('\n')) resolve(text.trimEnd());
    });
    child.once('close', (status) => reject(new Error(`ended with ${status}: ${text}`)));
  });
  return { monitor: child.pid ?? 0, line };
}

/** Says that it is ready and waits. */
const WAITING = ['sh', '-c', 'echo ready; cat > /dev/null'];

/** The process and all below it. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return [pid, ...children.filter((child) => child !== '').flatMap((child) => family(Number(child)))];
}

describe('a secret', canAttack, () => {
  let monitor = 0;
  let end = () => {};
  before(async () => {
    const registered: Array<() => void> = [];
    const words = ['run', '--workspace', 'none', ...given, '--', ...WAITING];
    ({ monitor } = await standing({ after: (run) => void registered.push(run as () => void) }, words));
    end = () => {
      for (const each of registered) each();
    };
  });
  after(() => end());

  test('is in no environment and no command line, of the monitor, init or the command', async (t) => {
    const seen = (pids: readonly number[]) =>
      pids
        .map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
        .join();
    const pids = family(monitor);
    assert.ok(pids.length >= 3, 'monitor, init, command');
    assert.ok(!seen(pids).includes(secret));
    const named = await standing(t, ['run', '--workspace', 'none', '-e', 'ATTACK_TOKEN', '--', ...WAITING]);
    assert.ok(seen(family(named.monitor)).includes(secret), 'the control: a variable is');
  });

  test('is in no file of the store while the sandbox runs, nor in one of the session', async () => {
    const user = attacker();
    const places = `${user.home}/.local/share/sandbox /tmp /dev/shm /var/tmp/sandbox-test/bin`;
    const search = (text: string) =>
      runAs(user, ['sh', '-c', `grep -rlsaF --exclude='sandbox-*' -e "$0" ${places} | wc -l`, text]);
    assert.equal((await search(secret)).stdout.trim(), '0');
    // The control: the language is part of launchers that are kept.
    const marker = `marker_${process.pid}.UTF-8`;
    for (const _ of [1, 2]) await attack([], ['true'], { env: { LC_ALL: marker } });
    assert.notEqual((await search(marker)).stdout.trim(), '0', 'the control: what is kept is found');
  });

  test('is not in the description of the sandbox', async (t) => {
    const shelf = `${attacker().home}/.local/share/sandbox/runs`;
    const specs = () =>
      readdirSync(shelf)
        .filter((name) => !name.startsWith('.'))
        .map((name) => {
          try {
            return readFileSync(`${shelf}/${name}/spec.json`, 'utf8');
          } catch {
            return '';
          }
        })
        .join();
    assert.ok(!specs().includes(secret));
    await standing(t, ['run', '--workspace', 'none', '--', ...WAITING, secret]);
    assert.ok(specs().includes(secret), 'the control: an argument is');
  });

  test('is not shown to another sandbox of the same user', async () => {
    const script = `for f in /run/secrets/* /proc/[0-9]*/root/run/secrets/*; do cat "$f" 2>/dev/null; done; grep -sacF ${secret} /proc/[0-9]*/environ; echo end`;
    const { stdout } = await attack([], ['sh', '-c', script]);
    assert.ok(!stdout.includes(secret) && stdout.endsWith('end\n'), stdout);
    const own = await attack(given, ['sh', '-c', script], { env });
    assert.ok(own.stdout.includes(secret), 'the control: its own it is');
  });

  test('is not told to another account of the host', {
    skip: needsAccount('bare') || process.getuid?.() !== 0,
  }, async () => {
    const script = `for p in ${family(monitor).join(' ')}; do cat /proc/$p/root/run/secrets/ATTACK_TOKEN /proc/$p/environ /proc/$p/exe; done 2>/dev/null; echo end`;
    const other = await runAs(testUser('bare'), ['sh', '-c', script]);
    assert.equal(other.stdout, 'end\n');
    const own = await runAs(attacker(), ['sh', '-c', script]);
    assert.ok(own.stdout.includes(secret), 'the control: the user finds it');
  });

  test('survives no signal that dumps memory: the monitor writes no core', async (t) => {
    const cwd = workDirectory(t, attacker());
    const dumped = async (words: string): Promise<string> => {
      const script = `ulimit -c unlimited; ${words}`;
      await runAs(attacker(), ['bash', '-c', script, attacker().sandbox], { cwd, env, timeout: 30_000 });
      return (
        await runAs(attacker(), ['sh', '-c', `cat core* 2>/dev/null | grep -c -aF ${secret}; rm -f core*`], { cwd })
      ).stdout.trim();
    };
    const control = await dumped(`bash -c 'kill -SEGV $$'`);
    if (control === '0') return t.skip('cannot run here: the kernel writes no core files into the directory');
    const kill = (signal: string) =>
      `(sleep 1; pkill -${signal} -P $$) & "$0" run --workspace none ${given.join(' ')} -- sleep 2; wait`;
    for (const signal of ['SEGV', 'ABRT', 'QUIT', 'BUS']) assert.equal(await dumped(kill(signal)), '0', signal);
  });
});

describe('inside', canAttack, () => {
  test('a secret is not read by another id, nor from the memory or the file of init', async () => {
    const script = `use POSIX ();
      open my $f, '<', '/run/secrets/ATTACK_TOKEN'; try(owner => scalar <$f>); close $f;
      POSIX::setgid(1); POSIX::setuid(1); die "not another: $!" if $> != 1;
      try(other => open(my $g, '<', '/run/secrets/ATTACK_TOKEN'));
      for my $name ('exe', 'mem', 'environ', 'root/run/secrets/ATTACK_TOKEN') { try($name => open(my $h, '<', "/proc/1/$name")) }`;
    const tried = await attempt(['-u', 'root', ...given], script, { env });
    assert.equal(tried.owner, `ok ${secret}`, 'the control: its owner reads it');
    for (const name of ['other', 'exe', 'mem', 'environ']) assert.equal(tried[name], 'EACCES', name);
  });

  test('the directory of secrets is not written, remounted or uncovered', async () => {
    const script = `my ($none, $dir, $type) = ('none', '/run/secrets', 'tmpfs');
      try(create => open(my $f, '>', '/run/secrets/new')); try(chmod => chmod(0666, '/run/secrets/ATTACK_TOKEN') || undef);
      try(unlink => unlink('/run/secrets/ATTACK_TOKEN') || undef); try(umount => syscall(nr_umount2, $dir, 2));
      try(remount => syscall(nr_mount, $none, $dir, $type, 32, 0));
      try(elsewhere => open(my $g, '>', '/run/elsewhere'));`;
    for (const words of [[], ['-u', 'root'], ['--profile', 'strict', '-u', 'root']]) {
      const tried = await attempt([...words, ...given], script, { env });
      for (const name of ['create', 'chmod', 'unlink']) assert.equal(tried[name], 'EROFS', `${name} ${words}`);
      for (const name of ['umount', 'remount'])
        assert.match(tried[name] ?? '', /^(?:EPERM|ENOSYS)$/, `${name} ${words}`);
      assert.match(tried.elsewhere ?? '', /^ok/, 'the control: beside it files are made');
    }
  });
});

describe('the environment', canAttack, () => {
  const variables = {
    ATTACK_TOKEN: secret,
    ATTACK_API_KEY: secret,
    ATTACK_URL: `https://ann:${secret}@example.org/`,
    AWS_SECRET_ACCESS_KEY: secret,
    ATTACK_PLAIN: 'plain',
  };
  const words = ['sh', '-c', 'env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"'];

  test('gives a pattern nothing that looks like a secret', async () => {
    for (const pattern of ['*', 'A*', 'ATTACK_*']) {
      const { stdout, stderr } = await attack(['-e', pattern], words, { env: variables });
      assert.ok(!stdout.includes(secret), stdout);
      assert.ok(stdout.includes('ATTACK_PLAIN=plain'), 'the pattern counts');
      assert.match(stderr, /not passed, since they look like secrets: .*ATTACK_TOKEN/);
      assert.ok(!stderr.includes(secret));
    }
    const named = await attack(['-e', 'ATTACK_*', '-e', 'ATTACK_TOKEN'], words, { env: variables });
    assert.ok(named.stdout.includes(`ATTACK_TOKEN=${secret}`), 'the control: named it passes');
  });

  test('of a secret is not passed along with the file', async () => {
    const { stdout } = await attack(given, words, { env: variables });
    assert.ok(!stdout.includes(secret), stdout);
  });
});

describe('plan', canAttack, () => {
  test('tells no secret, as text, JSON or launcher', async (t) => {
    const cwd = workDirectory(t, attacker());
    const plan = async (...words: string[]) =>
      await sandbox(attacker(), ['plan', ...words, '--', 'true'], { cwd, env });
    for (const words of [[], ['--json']]) {
      const { stdout, stderr, status } = await plan(...words, ...given);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.includes('/run/secrets/ATTACK_TOKEN') && !stdout.includes(secret));
    }
    const told = await plan('--json', '-e', 'ATTACK_TOKEN');
    assert.ok(told.stdout.includes(secret), 'the control: a variable is told');
    const written = await plan('--output', './launcher', ...given);
    assert.equal(written.status, 125);
    assert.match(written.stderr, /--output: the launcher would hold the secret/);
    assert.deepEqual(readdirSync(cwd), []);
    assert.equal((await plan('--output', './launcher')).status, 0, 'the control: without a secret');
  });
});

describe('agents and desktops', canAttack, () => {
  /** An agent of the attacker's, in a place that a session would choose. */
  async function agent(t: TestContext, directory: string): Promise<string> {
    const path = `${directory}/agent.${process.pid}`;
    const server = createServer((socket) => socket.end('agent\n'));
    await new Promise<void>((resolve) => {
      server.listen(path, resolve);
    });
    giveTo(attacker(), path);
    t.after(() => server.close());
    return path;
  }
  const connect = (path: string) =>
    `use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new("${path}"); try(connect => $s ? $s->getline : undef);`;

  test('are not reached where they are outside, and are when that is asked for', async (t) => {
    for (const directory of ['/tmp', workDirectory(t, attacker())]) {
      const path = await agent(t, directory);
      const session = { SSH_AUTH_SOCK: path, XDG_RUNTIME_DIR: directory };
      for (const words of [[], ['-u', 'root'], ['--profile', 'strict'], ['-e', 'SSH_*'], ['--wayland=false']]) {
        const tried = await attempt(words, `${connect(path)} print "socket: $ENV{SSH_AUTH_SOCK}\\n"`, { env: session });
        assert.match(tried.connect ?? '', /^ENOENT$/, `${words}`);
        assert.equal(tried.socket, '', `${words}`);
      }
      const asked = await attempt(['--ssh-agent'], connect('/run/sandbox/ssh-agent'), { env: session });
      assert.equal(asked.connect, 'ok agent', 'the control');
      const one = await attempt(['--ssh-agent'], connect(path), { env: session });
      assert.equal(one.connect, 'ENOENT', 'its directory is not there even then');
    }
  });

  test('cannot be taken from the user by who may use them', async (t) => {
    const path = await agent(t, workDirectory(t, attacker()));
    const script = (place: string) => `
      try(chmod => chmod(0777, "${place}") || undef); try(unlink => unlink("${place}") || undef);
      try(times => utime(1, 1, "${place}") || undef);`;
    for (const words of [['--ssh-agent'], ['--ssh-agent', '-u', 'root']]) {
      const tried = await attempt(words, script('/run/sandbox/ssh-agent'), { env: { SSH_AUTH_SOCK: path } });
      assert.equal(tried.chmod, 'EROFS');
      assert.equal(tried.times, 'EROFS');
      assert.match(tried.unlink ?? '', /^(?:EBUSY|EROFS)$/);
    }
    const control = await attempt(['-v', `${path}:/run/agent`], script('/run/agent'));
    assert.match(control.chmod ?? '', /^ok/, 'the control: of a volume that is writable the mode is changed');
  });
});
