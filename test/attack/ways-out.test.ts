/** Namespaces, handles and processes that a sandbox could be left by. */
import { attackMatrix, type Row } from './matrix.ts';

const enters = (name: string): Row => ({
  attack: `my $f = opened('/proc/1/ns/${name}', O_RDONLY) or return undef; call(nr_setns, fileno $f, 0)`,
  control: 'namespace',
});

const HANDLE = `sub handle { my ($path) = @_; my $h = pack('Ll', 128, 0) . "\\0" x 128; my $id = pack 'l', 0;
  return syscall(nr_name_to_handle_at, -100, $path, $h, $id, 0) == 0 ? $h : undef }`;

attackMatrix('there is no way back', {
  'into the mount namespace of init': enters('mnt'),
  'into the network namespace of init': enters('net'),
  'into the uts namespace of init': enters('uts'),
  'into the ipc namespace of init': enters('ipc'),
  'into the cgroup namespace of init': enters('cgroup'),
  'into all namespaces of init by a pidfd': {
    attack: `my $fd = call(nr_pidfd_open, 1, 0); return undef if $fd < 0; call(nr_setns, $fd, 0x0402_0000)`,
    control: 'namespace',
  },
  'into the directory of init': { attack: `opendir(my $d, '/proc/1/cwd/') ? 1 : undef`, control: 'namespace' },
  'into the root of init': { attack: `opendir(my $d, '/proc/1/root/') ? 1 : undef`, control: 'namespace' },
  'through the mapped files of init': {
    attack: `opendir(my $d, '/proc/1/map_files') or return undef; my ($n) = grep { !/^\\./ } readdir $d; defined $n ? $n : undef`,
    control: 'namespace',
  },
  'through the descriptors of init': {
    attack: `my ($to) = grep { defined } map { readlink "/proc/1/fd/$_" } 0..20; $to`,
    control: 'namespace',
  },
  'by a handle of a file (open_by_handle_at)': {
    attack: `${HANDLE} my $h = handle('/dev/shm') or return undef; my $f = opened('/dev/shm', O_RDONLY); call(nr_open_by_handle_at, fileno $f, $h, 0)`,
    control: 'host',
  },
  'by a guessed handle of the root of the disk (shocker)': {
    attack: `for my $place (qw(/usr /etc /dev/shm /)) { my $f = opened($place, O_RDONLY) or next;
      for my $inode (2, 64, 128, 256) { for my $type (1, 0x81) {
        my $h = pack 'LlLL', 8, $type, $inode, 0; my $fd = call(nr_open_by_handle_at, fileno $f, $h, 0); return 1 if $fd >= 0 } } } undef`,
    control: 'host',
  },
  'by writing to the program that init is (CVE-2019-5736)': {
    attack: `my $f = opened('/proc/1/exe', 010000000) or return undef; 1`,
    control: 'namespace',
  },
  'by a link to the program that init is (CVE-2019-5736)': { attack: `readlink '/proc/1/exe'`, control: 'namespace' },
  'by executing the program that init is (CVE-2019-5736)': {
    attack: `my $pid = fork; if (!$pid) { open STDERR, '>', '/dev/null'; exec { '/proc/1/exe' } 'perl', '-e', 'exit 7' or exit 1 } waitpid $pid, 0; $? >> 8 == 7 ? 1 : undef`,
    control: 'namespace',
  },
  'by writing to the memory of init': {
    attack: `open my $m, '<', '/proc/self/maps'; my ($at) = map { /^(\\w+)-\\w+ rw/ ? hex $1 : () } <$m>; my $same = pack 'QQ', $at, 8;
      call(nr_process_vm_writev, 1, $same, 1, $same, 1, 0)`,
    control: 'namespace',
  },
  'by tracing init': { attack: `call(nr_ptrace, 0x4206, 1, 0, 0)`, control: 'namespace' },
  'by a descriptor of init': {
    attack: `my $fd = call(nr_pidfd_open, 1, 0); return undef if $fd < 0; call(nr_pidfd_getfd, $fd, 1, 0)`,
    control: 'namespace',
  },
  'by comparing what init holds': { attack: `call(nr_kcmp, 1, $$, 0, 0, 0)`, control: 'namespace' },
  'by the priority of init': { attack: `call(nr_setpriority, 0, 1, 19)`, control: 'namespace' },
});
