/** From inside: init, its files and memory, the monitor, and processes of the host. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { environmentOf, runAs } from '../support/user.ts';
import { ATTACKERS, attack, attacker, attempt, canAttack, control } from './attack.ts';

const PTRACE = { attach: 16, seize: 0x4206 } as const;

/** Everything that a process could do to another one of the same user. */
const reach = (pid: string) => `
  my $pid = ${pid};
  try(exe => readlink "/proc/$pid/exe");
  try('write exe', sysopen my $f1, "/proc/$pid/exe", O_RDWR);
  try(root => readlink "/proc/$pid/root");
  try('enter root', opendir my $d1, "/proc/$pid/root/");
  try(cwd => opendir my $d2, "/proc/$pid/cwd/");
  try(mem => sysopen my $f2, "/proc/$pid/mem", O_RDWR);
  my ($b, $fds, $f) = ('');
  for my $file (qw(environ maps)) { try($file => sysopen($f, "/proc/$pid/$file", O_RDONLY) && sysread($f, $b, 10)); }
  my @held = opendir($fds, "/proc/$pid/fd") ? grep { /^\\d+$/ } readdir $fds : ();
  for my $fd (@held) { try("descriptor $fd", readlink "/proc/$pid/fd/$fd"); try("open descriptor $fd", sysopen my $f, "/proc/$pid/fd/$fd", O_RDONLY); }
  for my $ns (qw(user mnt pid net)) { try("namespace $ns", sysopen my $f, "/proc/$pid/ns/$ns", O_RDONLY); }
  open $f, '<', '/proc/self/maps'; my ($address) = <$f> =~ /^(\\w+)/;
  my $copy = ' ' x 64; my $local = pack('PQ', $copy, 64); my $remote = pack('QQ', hex $address, 64);
  try('read memory', syscall(nr_process_vm_readv, $pid, $local, 1, $remote, 1, 0));
  my $pidfd = syscall(nr_pidfd_open, $pid, 0);
  try('take descriptor', syscall(nr_pidfd_getfd, $pidfd, 0, 0)) if $pidfd >= 0;
  try(seize => syscall(nr_ptrace, ${PTRACE.seize}, $pid, 0, 0));
  try(attach => syscall(nr_ptrace, ${PTRACE.attach}, $pid, 0, 0));
`;

describe('init cannot be reached from inside', canAttack, () => {
  for (const { name, words } of ATTACKERS) {
    test(`by ${name}`, async () => {
      const tried = await attempt(words, reach('1'), { timeout: 30_000 });
      assert.ok(Object.keys(tried).length >= 14);
      for (const [what, outcome] of Object.entries(tried)) {
        if (what !== 'end') assert.match(outcome, /^(EACCES|EPERM)$/, `${what}: ${outcome}`);
      }
    });
  }

  test('although an ordinary process of the same user could be', async () => {
    const tried = await control(`my $child = fork; if (!$child) { sleep 60; exit }
      ${reach('$child')} kill KILL => $child;`);
    for (const what of ['exe', 'root', 'enter root', 'mem', 'read memory'])
      assert.match(tried[what] ?? '', /^ok/, what);
  });

  for (const { name, words } of ATTACKERS) {
    test(`signals of ${name} do not end it`, async () => {
      const tried = await attempt(
        words,
        `try($_ => kill $_ => 1) for qw(KILL STOP); sleep 1; try(alive => -e '/proc/1/stat' ? 1 : undef);`,
      );
      assert.match(tried.alive ?? '', /^ok/);
    });
  }
});

describe('what init holds', canAttack, () => {
  test('no directory of the host, no terminal, no stream of the command', async (t) => {
    const user = attacker();
    const child = spawn(user.sandbox, ['run', '--workspace', 'none', '--', 'sh', '-c', 'echo started; exec cat'], {
      cwd: '/',
      env: environmentOf(user),
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
    });
    t.after(() => child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const init = childrenOf(child.pid ?? 0)[0] ?? 0;
    assert.ok(init > 1, 'the monitor has a child');
    const held = readdirSync(`/proc/${init}/fd`).map((fd) => readlinkSync(`/proc/${init}/fd/${fd}`));
    for (const path of held) {
      assert.match(path, /^(pipe:\[\d+\]|socket:\[\d+\]|\/.*\/lock)$/, `init holds ${held.join(', ')}`);
    }
    assert.ok(held.filter((path) => path.startsWith('/')).length <= 1, held.join(', '));
    // What runs outside is a file that nobody may write (CVE-2019-5736), not even its owner.
    assert.equal(statSync(`/proc/${child.pid}/exe`).mode & 0o222, 0);
    const command = childrenOf(init)[0] ?? 0;
    const streams = readdirSync(`/proc/${command}/fd`).toSorted();
    assert.deepEqual(streams, ['0', '1', '2'], 'the command has its three streams');
    child.stdin.end();
    await new Promise((resolve) => child.once('close', resolve));
  });
});

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

describe('processes of the host', canAttack, () => {
  test('are neither seen nor signalled, even when they are of the same user', async (t) => {
    const user = attacker();
    const victim = spawn('sleep', ['120'], {
      stdio: 'ignore',
      detached: true,
      ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
    });
    t.after(() => victim.kill('SIGKILL'));
    const script = `try(proc => -d "/proc/${victim.pid}" ? 1 : undef); try(signal => (kill 0 => ${victim.pid}) || undef); try(priority => syscall(nr_setpriority, 0, ${victim.pid}, 19));
      opendir my $d, '/proc'; try(others => (grep { /^\\d+$/ && $_ != 1 && $_ != $$ } readdir $d) ? 1 : undef);`;
    const outside = await control(script);
    assert.match(outside.proc ?? '', /^ok/);
    assert.match(outside.signal ?? '', /^ok/);
    for (const { words } of ATTACKERS) {
      const tried = await attempt(words, script);
      for (const what of ['proc', 'signal', 'priority', 'others']) assert.doesNotMatch(tried[what] ?? '', /^ok/, what);
      const all = await attack(words, ['perl', '-e', 'kill KILL => -1; print "sent\n"']);
      assert.equal(all.stdout, 'sent\n');
      assert.equal(victim.exitCode ?? victim.signalCode, null, 'the victim lives');
    }
  });

  test('share a process group with the command, unless setsid takes it out of theirs (docs/security.md)', async () => {
    const user = attacker();
    const suicide = [user.sandbox, 'run', '--workspace', 'none', '--', 'perl', '-e', 'kill KILL => 0; sleep 5'];
    // Each script is in a session of its own, so that it is the script that is killed and not this test.
    const script = (before: string) => ['setsid', '-w', 'sh', '-c', `${before}"$@"; echo survived`, 'sh', ...suicide];
    const shared = await runAs(user, script(''), { timeout: 30_000 });
    assert.equal(shared.stdout, '', 'the limit that the documentation names');
    const apart = await runAs(user, script('setsid -w '), { timeout: 30_000 });
    assert.equal(apart.stdout, 'survived\n', apart.stderr);
  });

  test('their semaphores, message queues and shared memory are not there', async (t) => {
    const made = await control(`my $id = shmget(0, 4096, 01600); try(id => $id);`);
    const id = /ok (\d+)/.exec(made.id ?? '')?.[1];
    assert.ok(id, made.id);
    t.after(async () => await control(`shmctl(${id}, 0, 0);`));
    const read = `try(read => shmread(${id}, my $b, 0, 8) ? 1 : undef);`;
    assert.match((await control(read)).read ?? '', /^ok/);
    for (const { words } of ATTACKERS) assert.doesNotMatch((await attempt(words, read)).read ?? '', /^ok/);
  });
});
