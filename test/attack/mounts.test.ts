/** From inside: masked and read-only places, file systems, devices, namespaces, the way out of the root. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ATTACKERS, attack, attempt, canAttack, control, treasure } from './attack.ts';

const MS = { readOnly: 1, remount: 32, bind: 4096, move: 8192 } as const;
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWPID = 0x2000_0000;
const MNT_DETACH = 2;

const PROTECTED = [
  '/proc/sys',
  '/proc/kcore',
  '/proc/keys',
  '/proc/timer_list',
  '/proc/bus',
  '/proc/irq',
  '/sys',
  '/sys/firmware',
  '/dev/null',
  '/etc/hosts',
  '/',
];

/** Tries to lay bare what is masked, and to write where writing is forbidden. */
const LAY_BARE = `
  for my $path (qw(${PROTECTED.join(' ')})) {
    next unless -e $path;
    my $p = $path; my $none = 'none'; my $type = 'tmpfs';
    try("umount $path", syscall(nr_umount2, $p, ${MNT_DETACH}));
    try("remount $path", syscall(nr_mount, 0, $p, 0, ${MS.remount | MS.bind}, 0)) if $path =~ m{^/(proc/(sys|bus|irq)|sys|sys/firmware)$};
  }
  for my $path (qw(/proc/sys/kernel/core_pattern /proc/sys/kernel/ns_last_pid /proc/sys/vm/drop_caches /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/uevent_helper /sys/power/state /sys/fs/cgroup/cgroup.procs)) {
    next unless -e $path;
    try("write $path", sysopen my $f, $path, O_WRONLY);
  }
  for my $path (qw(/proc/kcore /proc/keys /proc/timer_list /proc/interrupts)) {
    next unless -e $path;
    open my $f, '<', $path; try("read $path", defined $f && read($f, my $b, 16) ? 1 : undef);
  }
  opendir my $d, '/sys/firmware'; try('list /sys/firmware', (grep { !/^\\./ } readdir $d) ? 1 : undef) if $d;
`;

/** Becomes root of a user namespace below, with mounts of its own: all capabilities, over copies of the mounts. */
const BECOME_ROOT = `
  my ($u, $g) = ($>, $) + 0);
  try('namespaces', syscall(nr_unshare, ${CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID}));
  sub put { open my $f, '>', $_[0] or return; syswrite $f, $_[1]; close $f }
  put('/proc/self/setgroups', 'deny'); put('/proc/self/uid_map', "0 $u 1"); put('/proc/self/gid_map', "0 $g 1");
`;

function assertRefused(tried: Record<string, string>, least: number): void {
  const attempts = Object.entries(tried).filter(([what]) => /^(umount|remount|write|read|list) /.test(what));
  assert.ok(attempts.length >= least, `only ${attempts.length} attempts`);
  for (const [what, outcome] of attempts) assert.doesNotMatch(outcome, /^ok/, `${what}: ${outcome}`);
}

describe('what is masked or read-only stays so', canAttack, () => {
  for (const { name, words } of ATTACKERS) {
    test(`for ${name}`, async () => {
      assertRefused(await attempt(words, LAY_BARE), 15);
    });

    test(`for ${name} with all capabilities in a user namespace below`, async () => {
      const tried = await attempt(words, BECOME_ROOT + LAY_BARE);
      if (tried.namespaces?.startsWith('ok')) assertRefused(tried, 15);
      else assert.match(tried.namespaces ?? '', /^E/);
    });
  }

  test('although a namespace of one’s own gives the power to unmount', async () => {
    const script = `${BECOME_ROOT}
      my $t = 'tmpfs'; my $m = '/mnt'; try(mount => syscall(nr_mount, $t, $m, $t, 0, 0)); try(umount => syscall(nr_umount2, $m, 0));`;
    const tried = await attempt([], script);
    assert.match(tried.mount ?? '', /^ok/);
    assert.match(tried.umount ?? '', /^ok/);
  });

  test('a new /proc, which would show what is masked, is refused', async () => {
    for (const { words } of ATTACKERS) {
      const script =
        'unshare -Urmpf mount -t proc proc /mnt 2>&1 && ls /mnt/kcore; unshare -Urmn mount -t sysfs sysfs /mnt 2>&1 && ls /mnt/firmware; echo end';
      const { stdout } = await attack(words, ['sh', '-c', script]);
      assert.match(stdout, /end$/m);
      assert.doesNotMatch(stdout, /^\/mnt\/kcore|^acpi|^efi|^dmi/m);
    }
  });
});

describe('devices', canAttack, () => {
  test('cannot be made, and those of the host are not there', async () => {
    const script = `my $mem = '/tmp/mem'; my $disk = '/dev/disk';
      try('make memory', syscall(nr_mknodat, -100, $mem, 020666, 0x101)); try('make disk', syscall(nr_mknodat, -100, $disk, 060666, 0xfe00));
      for my $d (qw(mem kmem port kmsg fuse kvm sda vda loop0 loop-control mapper/control net/tun input/event0 fb0 snd dri)) { try("device $d", -e "/dev/$d" ? 1 : undef) }`;
    for (const { words } of ATTACKERS) {
      const tried = await attempt(words, script);
      for (const [what, outcome] of Object.entries(tried))
        if (what !== 'end') assert.doesNotMatch(outcome, /^ok/, what);
      assert.equal(tried['make memory'], 'EPERM');
    }
  });
});

describe('the way out', canAttack, () => {
  test('a second chroot and .. end at the root of the sandbox', async (t) => {
    const outside = treasure(t);
    const script = `
      try(prepare => mkdir '/tmp/jail'); opendir my $root, '/'; my $fd = fileno $root;
      try(chroot => chroot '/tmp/jail'); try(fchdir => syscall(nr_fchdir, $fd) == 0 ? 1 : undef);
      chdir '..' for 1..64; try('chroot out', chroot '.');
      try(jail => -d '/tmp/jail' ? 1 : undef); try(host => -e '${outside.path}/file' ? 1 : undef);`;
    const tried = await attempt(['--user', 'root'], script);
    for (const step of ['chroot', 'fchdir', 'chroot out', 'jail']) assert.match(tried[step] ?? '', /^ok/, step);
    assert.doesNotMatch(tried.host ?? '', /^ok/);
    assert.match((await control(`try(host => -e '${outside.path}/file' ? 1 : undef);`)).host ?? '', /^ok/);
  });

  test('the namespaces of the host cannot be had from one’s own', async () => {
    const script = `
      for my $ns (qw(user pid mnt net uts)) {
        sysopen my $f, "/proc/self/ns/$ns", O_RDONLY or next;
        for my $up (0xb701, 0xb702) {
          my $next = syscall(nr_ioctl, fileno $f, $up, 0);
          next if $next < 0;
          try("above $ns", syscall(nr_ioctl, $next, 0xb702, 0)) if $up == 0xb701;
          try("enter $ns", syscall(nr_setns, $next, 0)) if $up == 0xb702 || $ns ne 'user';
        }
        try("parent of $ns", syscall(nr_ioctl, fileno $f, 0xb702, 0)) if $ns eq 'user' || $ns eq 'pid';
      }`;
    for (const { words } of ATTACKERS) {
      const tried = await attempt(words, script);
      assert.match(tried['parent of user'] ?? '', /^E/);
      assert.match(tried['parent of pid'] ?? '', /^E/);
      for (const [what, outcome] of Object.entries(tried))
        if (what !== 'end') assert.match(outcome, /^E/, `${what}: ${outcome}`);
    }
  });

  test('nothing mounted inside appears outside', async () => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
    const { stdout } = await attack(
      ['--user', 'root'],
      [
        'sh',
        '-c',
        'unshare -Urm --propagation shared sh -c "mount -t tmpfs attack /mnt && grep -c attack /proc/self/mountinfo"',
      ],
    );
    assert.match(stdout, /^[1-9]/);
    const after = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.ok(!after.includes('tmpfs attack'), after);
    assert.ok(before > 0);
  });

  test('set-uid programs and file capabilities give nothing', async () => {
    for (const { words } of ATTACKERS) {
      const { stdout } = await attack(words, [
        'sh',
        '-c',
        'grep -E "^(NoNewPrivs|CapInh|CapAmb)" /proc/self/status; find /usr/bin -perm -4000 -type f | head -1',
      ]);
      assert.match(stdout, /^NoNewPrivs:\t1$/m);
      assert.match(stdout, /^CapAmb:\t0{16}$/m);
    }
    // The user has no capability at all, root those that podman grants and none more.
    const user = await attack([], ['grep', '-E', '^Cap(Prm|Eff|Bnd)', '/proc/self/status']);
    assert.match(user.stdout, /^(Cap\w+:\t0{16}\n){3}$/);
    const root = await attack(['--user', 'root'], ['grep', '-E', '^CapBnd', '/proc/self/status']);
    const bound = BigInt(`0x${/CapBnd:\t(\w+)/.exec(root.stdout)?.[1] ?? 'ffff'}`);
    assert.equal(bound & ~0x8004_05fbn, 0n, bound.toString(16));
  });

  test('processor, kernel and clock are out of reach', async () => {
    const script = `my $name = 'evil'; my $time = pack 'QQ', 0, 0;
      try(settime => syscall(nr_clock_settime, 0, $time)); try(reboot => syscall(nr_reboot, 0xfee1dead, 672274793, 0, 0));
      try(module => syscall(nr_finit_module, 0, $name, 0)); try(swap => syscall(nr_swapoff, $name)); try(bpf => syscall(nr_bpf, 0, $time, 16));
      try(hostname => syscall(nr_sethostname, $name, 4)); try(syslog => syscall(nr_syslog, 5, 0, 0)); try(pivot => syscall(nr_pivot_root, $name, $name));`;
    for (const { words } of ATTACKERS) {
      const tried = await attempt(words, script);
      for (const [what, outcome] of Object.entries(tried))
        if (what !== 'end') assert.match(outcome, /^E/, `${what}: ${outcome}`);
    }
  });
});
