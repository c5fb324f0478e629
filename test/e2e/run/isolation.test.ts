import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { runAs, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary, tryInside } from '../support/inside.ts';

test('namespaces of its own: all but the network, and that too when asked for', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const kinds = ['user', 'mnt', 'pid', 'ipc', 'uts', 'cgroup', 'net'];
  const script = `cd /proc/self/ns && for kind in ${kinds.join(' ')}; do readlink $kind; done`;
  const own = kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
  const shared = async (words: string[]) => {
    const seen = (await inside(account(), { cwd }, words, script)).split('\n');
    assert.equal(seen.length, kinds.length);
    return kinds.filter((_, index) => seen[index] === own[index]);
  };
  assert.deepEqual(await shared([]), ['net']);
  assert.deepEqual(await shared(['--network', 'none']), []);
});

test('processes: only its own, init first, and none of the host can be signalled', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { uid, gid } = account();
  const other = spawn('sleep', ['1000'], process.getuid?.() === 0 ? { uid, gid } : {});
  t.after(() => other.kill());
  const script = `ls -d /proc/[0-9]* | sort -V | head -n 1; ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm
    ps -e -o comm= > /tmp/ps; sort -u /tmp/ps; kill -9 ${other.pid} 2>&1 | grep -o 'No such process'`;
  const [first, count, ...rest] = (await inside(account(), { cwd }, [], script)).split('\n');
  assert.equal(first, '/proc/1');
  assert.ok(Number(count) <= 5, count);
  assert.deepEqual(rest, ['sandbox', 'ps', 'sandbox', 'sh', 'No such process']);
  await tryInside(account(), { cwd }, [], 'kill -9 -1');
  assert.equal(other.exitCode ?? other.signalCode, null);
});

test('init can be neither looked into nor ended: it still knows files of the host', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `for n in $(ls /proc/1/fd); do cat /proc/1/fd/$n; readlink /proc/1/fd/$n; done; ls /proc/1/root/ /proc/1/cwd/; cat /proc/1/environ; kill -9 1; echo alive`;
  for (const words of [[], ['-u', '1234'], ['-u', 'root']]) {
    const { stdout, stderr, status } = await tryInside(account(), { cwd }, words, script);
    assert.deepEqual([status, stdout.trim().split('\n').at(-1)], [0, 'alive'], stdout);
    assert.doesNotMatch(stdout, /sandbox|^lock$|^usr$/m);
    assert.match(stderr, /fd\/\d+'?: Permission denied/);
    assert.match(stderr, /root\/'?: Permission denied/);
    assert.match(stderr, /cwd\/'?: Permission denied/);
    assert.match(stderr, /environ'?: Permission denied/);
  }
});

test('System V and POSIX IPC of the host is not there', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { stdout } = await runAs(account(), ['ipcmk', '-M', '4096']);
  const id = stdout.match(/\d+/)?.[0];
  assert.ok(id);
  t.after(() => execFileSync('ipcrm', ['-m', id]));
  assert.match(readFileSync('/proc/sysvipc/shm', 'utf8'), new RegExp(` ${id} `));
  assert.equal(
    await inside(account(), { cwd }, [], 'tail -n +2 /proc/sysvipc/shm; ls /dev/shm /dev/mqueue'),
    '/dev/mqueue:\n\n/dev/shm:',
  );
});

test('the cgroup it is in is the root that it sees', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const seen = await inside(
    account(),
    { cwd },
    [],
    "cut -d: -f3 /proc/self/cgroup | sort -u; grep -c cgroup2 /proc/mounts; touch /sys/fs/cgroup/x 2>&1 | grep -o 'Read-only\\|Permission' | head -n 1",
  );
  const [path, mounts, refused] = seen.split('\n');
  assert.equal(path, '/');
  assert.ok(Number(mounts) >= 1);
  assert.match(refused ?? '', /Read-only|Permission/);
});

test("the kernel's switches are read-only, for root too", ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  // Those of shared memory and message queues are its namespace's own: its root could set them if they were writable.
  const kernel = ['kernel/hostname', 'net/ipv4/ip_forward', 'vm/swappiness', 'kernel/shmmax', 'fs/mqueue/msg_max'];
  const paths = [
    ...kernel.map((name) => `/proc/sys/${name}`),
    '/proc/irq/default_smp_affinity',
    '/sys/class/net/lo/mtu',
  ];
  const script = `for path in ${paths.join(' ')}; do
      test -e $path && { (echo 1 > $path) 2>&1 | grep -q 'Read-only file system' || echo $path; }
    done; grep -c ' /proc/\\(sys\\|bus\\|fs\\|irq\\) ro,' /proc/self/mountinfo`;
  for (const words of [
    ['-u', 'root'],
    ['-u', 'root', '--network', 'none'],
  ]) {
    assert.equal(await inside(account(), { cwd }, words, script), '4');
  }
});

test('what tells of the host is masked', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const files = ['kcore', 'keys', 'timer_list', 'interrupts', 'sched_debug', 'latency_stats', 'timer_stats'].map(
    (name) => `/proc/${name}`,
  );
  const directories = [
    '/proc/acpi',
    '/proc/scsi',
    '/proc/asound',
    '/sys/firmware',
    '/sys/devices/virtual/powercap',
    '/sys/dev/block',
  ];
  const there = (path: string) => `if test -e ${path}; then`;
  const script = `${files.map((path) => `${there(path)} wc -c < ${path}; fi`).join('\n')}\n${directories.map((path) => `${there(path)} ls -A ${path} | wc -l; fi`).join('\n')}`;
  const seen = await inside(account(), { cwd }, ['-u', 'root'], script);
  assert.deepEqual([...new Set(seen.split('\n'))], ['0']);
  assert.ok(seen.split('\n').length >= 4);
});

test('mounts cannot be made, changed or taken away, the host file systems not be reached', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const tries = [
    'mount -t tmpfs none /mnt',
    'umount /proc/sys',
    'umount -l /etc/hosts',
    'mount -o remount,rw /proc/sys',
    'mknod /tmp/disk b 8 0',
    'nsenter -t 1 -m true',
  ];
  for (const command of tries) {
    const { status } = await tryInside(account(), { cwd }, ['-u', 'root'], `(${command}) 2>/dev/null`);
    assert.notEqual(status, 0, command);
  }
});

test(
  'nothing is typed into the terminal: TIOCSTI and TIOCLINUX are refused, with high bits set too',
  ordinary,
  async (t) => {
    const cwd = workDirectory(t, account());
    const script = `perl -e '
    use Errno; my $text = "x";
    for my $request (0x5412, 0x541c) {
      for my $high (0, 1 << 32, 0xffffffff << 32) {
        my $result = syscall(16, 0, $request | $high, $text); print $!{EPERM} ? "EPERM" : "other: $!", " ";
      }
    }
    my $size = "\\0" x 8; syscall(16, 0, 0x5413, $size); print $!{ENOTTY} ? "ENOTTY" : "other: $!"'`;
    const skip = process.arch === 'x64' ? false : 'cannot run here: numbers of x86-64';
    if (skip) return t.skip(skip);
    assert.equal(await inside(account(), { cwd }, [], script), `${'EPERM '.repeat(6)}ENOTTY`);
  },
);
