/** Changing what is mounted: by root inside, who has no capability for it, and by the user. */
import { attackMatrix, type Row } from './matrix.ts';

const MS = { readOnly: 1, remount: 32, bind: 4096, move: 8192, recursive: 16384, shared: 1 << 20 } as const;
const OPEN_TREE_CLONE = 1;
const AT_RECURSIVE = 0x8000;
const AT_EMPTY_PATH = 0x1000;
const MNT_DETACH = 2;
const NEW_USER_AND_MOUNTS = 0x1002_0000;

const BIND = (path: string, readOnly = false) =>
  `call(nr_mount, '${path}', '${path}', 0, ${MS.bind | MS.recursive}, 0) == 0 or die;` +
  (readOnly ? `call(nr_mount, 0, '${path}', 0, ${MS.bind | MS.remount | MS.readOnly}, 0) == 0 or die;` : '');

const ROWS: Readonly<Record<string, Row>> = {
  'mount a file system in memory': {
    attack: `call(nr_mount, 'tmpfs', '/mnt', 'tmpfs', 0, 0)`,
    control: 'namespace',
  },
  'mount another proc': { attack: `call(nr_mount, 'proc', '/mnt', 'proc', 0, 0)`, control: 'namespace' },
  'mount another sysfs': { attack: `call(nr_mount, 'sysfs', '/mnt', 'sysfs', 0, 0)`, control: 'namespace' },
  'mount a control group file system for its release_agent (CVE-2022-0492)': {
    attack: `for my $type (['cgroup2', 0], map { ['cgroup', $_] } qw(memory pids cpu devices freezer rdma name=systemd)) {
      return 1 if call(nr_mount, 'x', '/mnt', $type->[0], 0, $type->[1]) == 0 } undef`,
    control: 'namespace',
  },
  'the same with the capabilities of a user namespace below (CVE-2022-0492)': {
    attack: `my ($u, $g) = ($>, $) + 0); call(nr_unshare, ${NEW_USER_AND_MOUNTS | 0x0200_0000}) == 0 or return undef;
      write_to('/proc/self/setgroups', 'deny'); write_to('/proc/self/uid_map', "0 $u 1"); write_to('/proc/self/gid_map', "0 $g 1");
      for my $type (['cgroup2', 0], map { ['cgroup', $_] } qw(memory pids cpu devices freezer rdma name=systemd)) {
        return 1 if call(nr_mount, 'x', '/mnt', $type->[0], 0, $type->[1]) == 0 && (-e '/mnt/release_agent' || -e '/mnt/cgroup.procs') } undef`,
    control: 'namespace',
    holds: 'strict',
  },
  'bind the root somewhere else': {
    attack: `call(nr_mount, '/', '/mnt', 0, ${MS.bind | MS.recursive}, 0)`,
    control: 'namespace',
  },
  'bind a file over another': {
    attack: `call(nr_mount, '/etc/hostname', '/etc/hosts', 0, ${MS.bind}, 0)`,
    control: 'namespace',
  },
  'remount /proc/sys writable': {
    attack: `call(nr_mount, 0, '/proc/sys', 0, ${MS.remount | MS.bind}, 0)`,
    control: 'namespace',
    prepare: BIND('/proc/sys', true),
  },
  'remount /sys writable': {
    attack: `call(nr_mount, 0, '/sys', 0, ${MS.remount | MS.bind}, 0)`,
    control: 'namespace',
    prepare: `call(nr_mount, 'sysfs', '/sys', 'sysfs', ${MS.readOnly}, 0) == 0 or die;`,
  },
  'remount the root with devices and set-uid programs': {
    attack: `call(nr_mount, 0, '/tmp', 0, ${MS.remount | MS.bind}, 0)`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/tmp', 'tmpfs', 6, 0) == 0 or die;`,
  },
  'clear read-only with mount_setattr': {
    attack: `my $attr = pack 'Q4', 0, 1, 0, 0; call(nr_mount_setattr, -100, '/proc/sys', 0, $attr, 32)`,
    control: 'namespace',
    prepare: BIND('/proc/sys', true),
  },
  'clear nodev and nosuid with mount_setattr': {
    attack: `my $attr = pack 'Q4', 0, 6, 0, 0; call(nr_mount_setattr, -100, '/tmp', 0, $attr, 32)`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/tmp', 'tmpfs', 6, 0) == 0 or die;`,
  },
  'move a mount': {
    attack: `call(nr_mount, '/dev/shm', '/mnt', 0, ${MS.move}, 0)`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/dev/shm', 'tmpfs', 0, 0) == 0 or die;`,
  },
  'move a mount with move_mount': {
    attack: `call(nr_move_mount, -100, '/dev/shm', -100, '/mnt', 0)`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/dev/shm', 'tmpfs', 0, 0) == 0 or die;`,
  },
  'take a mask away': {
    attack: `call(nr_umount2, '/proc/keys', ${MNT_DETACH})`,
    control: 'namespace',
    prepare: `call(nr_mount, '/dev/null', '/proc/keys', 0, ${MS.bind}, 0) == 0 or die;`,
  },
  'take all mounts away': {
    attack: `call(nr_umount2, '/proc', ${MNT_DETACH})`,
    control: 'namespace',
  },
  'let mounts reach out again': {
    attack: `call(nr_mount, 0, '/', 0, ${MS.shared | MS.recursive}, 0)`,
    control: 'namespace',
  },
  'change the root with pivot_root': {
    attack: `call(nr_pivot_root, '/mnt', '/mnt')`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/mnt', 'tmpfs', 0, 0) == 0 or die;`,
  },
  'clone the tree of mounts with open_tree': {
    attack: `call(nr_open_tree, -100, '/', ${OPEN_TREE_CLONE | AT_RECURSIVE})`,
    control: 'namespace',
  },
  'clone what an open file lies on with open_tree': {
    attack: `my $f = opened('/etc/hosts', O_RDONLY) or return undef; call(nr_open_tree, fileno $f, '', ${OPEN_TREE_CLONE | AT_EMPTY_PATH})`,
    control: 'namespace',
  },
  'configure a file system with fsopen and fsconfig (CVE-2022-0185)': {
    attack: `my $fs = call(nr_fsopen, 'tmpfs', 0); return undef if $fs < 0;
      my $long = 'A' x 4000; call(nr_fsconfig, $fs, 1, 'source', substr($long, 0, 200), 0)`,
    control: 'namespace',
  },
  'make a mount with fsmount': {
    attack: `my $fs = call(nr_fsopen, 'tmpfs', 0); return undef if $fs < 0; call(nr_fsconfig, $fs, 6, 0, 0, 0); call(nr_fsmount, $fs, 0, 0)`,
    control: 'namespace',
  },
  'configure a mounted file system with fspick': {
    attack: `call(nr_fspick, -100, '/dev/shm', 0)`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/dev/shm', 'tmpfs', 0, 0) == 0 or die;`,
  },
  'take limits off a file system in memory': {
    attack: `call(nr_mount, 0, '/dev', 0, ${MS.remount}, 'size=90%')`,
    control: 'namespace',
    prepare: `call(nr_mount, 'tmpfs', '/dev', 'tmpfs', 0, 'size=64k') == 0 or die;`,
  },
};

attackMatrix('mounts cannot be changed', ROWS, { refusal: /^(EPERM|ENOSYS|EACCES|ENOSPC)$/ });
