/** Files of the kernel that change the host, or that say what a sandbox has no business to know. */
import { attackMatrix, type Row } from './matrix.ts';

/** Opening for writing is what is forbidden; nothing is written, since the controls are done by root of the host. */
const opens = (path: string): Row => ({ attack: `opened('${path}', O_WRONLY) ? 1 : undef`, control: 'host' });
/** A namespace of one's own has these, and its root may write them. */
const writes = (path: string, value: string): Row => ({
  attack: `write_to('${path}', '${value}')`,
  control: 'namespace',
});
const reads = (path: string): Row => ({ attack: `first_line('${path}')`, control: 'host' });
const lists = (path: string): Row => ({
  attack: `opendir my $d, '${path}' or return undef; my @names = grep { !/^\\./ } readdir $d; @names ? $names[0] : undef`,
  control: 'host',
});

attackMatrix('files of the kernel cannot be written', {
  'core_pattern, a program of the host': opens('/proc/sys/kernel/core_pattern'),
  'modprobe, a program of the host': opens('/proc/sys/kernel/modprobe'),
  'poweroff_cmd, a program of the host': opens('/proc/sys/kernel/poweroff_cmd'),
  'uevent_helper, a program of the host': opens('/sys/kernel/uevent_helper'),
  'binfmt_misc, a program of the host': {
    attack: `opened('/proc/sys/fs/binfmt_misc/register', O_WRONLY) ? 1 : undef`,
    control: 'host',
    prepare: `-e '/proc/sys/fs/binfmt_misc/register' or call(nr_mount, 'b', '/proc/sys/fs/binfmt_misc', 'binfmt_misc', 0, 0) == 0 or die;`,
  },
  'sysrq-trigger': opens('/proc/sysrq-trigger'),
  sysrq: opens('/proc/sys/kernel/sysrq'),
  drop_caches: opens('/proc/sys/vm/drop_caches'),
  overcommit_memory: opens('/proc/sys/vm/overcommit_memory'),
  protected_symlinks: opens('/proc/sys/fs/protected_symlinks'),
  randomize_va_space: opens('/proc/sys/kernel/randomize_va_space'),
  'the affinity of interrupts': opens('/proc/irq/default_smp_affinity'),
  'the state of power': opens('/sys/power/state'),
  'the queue of a disk': {
    attack: `for my $f (glob('/sys/block/*/queue/n[r]_requests')) { return 1 if opened($f, O_WRONLY) } undef`,
    control: 'host',
  },
  'how the kernel hands out memory': opens('/sys/kernel/mm/transparent_hugepage/enabled'),
  'sysctls of the network namespace': writes('/proc/sys/net/ipv4/ip_forward', '1'),
  'sysctls of the ipc namespace': writes('/proc/sys/kernel/shmmni', '4000'),
  'how many user namespaces there may be': writes('/proc/sys/user/max_user_namespaces', '10000'),
  'which pid comes next': writes('/proc/sys/kernel/ns_last_pid', '500'),
  'control groups (CVE-2023-25809)': {
    attack: `for my $f (glob('/sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/tasks')) { return 1 if opened($f, O_WRONLY) } undef`,
    control: 'host',
  },
  'a directory for a control group (CVE-2023-25809)': {
    attack: `for my $d ('/sys/fs/cgroup', glob '/sys/fs/cgroup/*/') { my $n = "$d/attack-$$"; if (mkdir $n) { rmdir $n; return 1 } } undef`,
    control: 'host',
  },
});

attackMatrix('files of the kernel cannot be read', {
  'the memory of the machine': {
    attack: `for my $f (qw(/proc/kcore /dev/mem /proc/kpagecount /proc/kpageflags)) { my $line = opened($f, O_RDONLY) or next; return 1 if sysread $line, my $b, 8 } undef`,
    control: 'host',
  },
  'the keys of others': reads('/proc/keys'),
  'timers of all processes': reads('/proc/timer_list'),
  interrupts: reads('/proc/interrupts'),
  firmware: lists('/sys/firmware'),
  'numbers of block devices': lists('/sys/dev/block'),
  'the log of the kernel': {
    attack: `my $b = ' ' x 4096; my $n = call(nr_syslog, 3, $b, 4096); $n > 0 ? $n : undef`,
    control: 'host',
  },
  'processes of the host': {
    attack: `my @others = grep { $_ > 1 && $_ != $$ && $_ != getppid } map { m{(\\d+)} } glob '/proc/[0-9]*'; $others[0]`,
    control: 'outside',
  },
});
