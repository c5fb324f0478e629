import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { hostProbe } from '../../src/doctor/host-probe.ts';
import { dataProbe, type HostData } from './data-probe.ts';

interface Case {
  readonly name: string;
  readonly host: HostData;
  readonly id: string;
  readonly state: Finding['state'];
  readonly detail: RegExp;
  readonly remedy?: RegExp;
}

const ROOT = { mountPoint: '/', fsType: 'ext4', options: ['rw'] };
const CGROUP = { mountPoint: '/sys/fs/cgroup', fsType: 'cgroup2', options: ['rw'] };
const SUBIDS = { files: { '/etc/subuid': 'bob:100000:65536\n', '/etc/subgid': 'bob:100000:65536\neve:300000:10\n' } };
const SERVICE = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service';
const refused = (errno: string): HostData => ({ tryUserNamespace: async () => ({ ok: false, errno }) });
const os = (id: string): HostData => ({ programs: { newuidmap: undefined }, files: { '/etc/os-release': id } });

const CASES: readonly Case[] = [
  { name: 'an old kernel', host: { release: '5.10.0-28-amd64' }, id: 'kernel', state: 'error', detail: /older than 5\.12/, remedy: /newer kernel/ },
  { name: 'WSL 1', host: { release: '4.4.0-19041-Microsoft' }, id: 'kernel', state: 'error', detail: /version 1/, remedy: /wsl --set-version/ },
  { name: 'an odd release', host: { release: 'custom' }, id: 'kernel', state: 'info', detail: /"custom"/ },
  { name: 'a new kernel', host: {}, id: 'kernel', state: 'ok', detail: /6\.8\.0/ },

  { name: 'namespaces tried', host: { tryUserNamespace: async () => ({ ok: true }) }, id: 'user-namespaces', state: 'ok', detail: /made one/ },
  { name: 'namespaces not tried', host: {}, id: 'user-namespaces', state: 'ok', detail: /not tried/ },
  { name: 'a limit of 0', host: { files: { '/proc/sys/user/max_user_namespaces': '0\n' } }, id: 'user-namespaces', state: 'error', detail: /max_user_namespaces is 0/, remedy: /user\.max_user_namespaces = 15000.*\n.*sysctl --system/ },
  { name: "Debian's switch", host: { files: { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' } }, id: 'user-namespaces', state: 'error', detail: /unprivileged_userns_clone is 0/, remedy: /unprivileged_userns_clone = 1/ },
  { name: "Debian's switch for root", host: { uid: 0, files: { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' } }, id: 'user-namespaces', state: 'ok', detail: /nothing/ },
  { name: "Ubuntu's restriction", host: { ...refused('EACCES'), files: { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n', '/proc/self/attr/current': 'unconfined\n' } }, id: 'user-namespaces', state: 'error', detail: /EACCES: AppArmor/, remedy: /finding "AppArmor"/ },
  { name: 'a kernel without them', host: { missing: ['/proc/self/ns/user'] }, id: 'user-namespaces', state: 'error', detail: /built without/, remedy: /CONFIG_USER_NS/ },
  { name: 'a chroot', host: { mounts: [CGROUP] }, id: 'user-namespaces', state: 'error', detail: /chroot/ },
  { name: 'too many', host: refused('ENOSPC'), id: 'user-namespaces', state: 'error', detail: /ENOSPC: too many/ },
  { name: 'a seccomp filter', host: { ...refused('EPERM'), files: { '/proc/self/status': 'Seccomp:\t2\n' } }, id: 'user-namespaces', state: 'error', detail: /EPERM: a seccomp filter/, remedy: /seccomp=unconfined/ },
  { name: 'an unknown reason', host: refused('EPERM'), id: 'user-namespaces', state: 'error', detail: /EPERM: a security module/, remedy: /dmesg/ },

  { name: 'AppArmor that does not restrict', host: { files: { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '0\n' } }, id: 'apparmor', state: 'ok', detail: /does not/ },
  { name: 'SELinux permissive', host: { files: { '/sys/fs/selinux/enforce': '0' } }, id: 'selinux', state: 'ok', detail: /permissive/ },
  { name: 'SELinux unconfined', host: { files: { '/sys/fs/selinux/enforce': '1', '/proc/self/attr/current': 'u:r:unconfined_t:s0-s0:c0.c1023\0' } }, id: 'selinux', state: 'ok', detail: /not confined/ },
  { name: 'SELinux confined', host: { files: { '/sys/fs/selinux/enforce': '1', '/proc/self/attr/current': 'staff_u:staff_r:staff_t:s0' } }, id: 'selinux', state: 'warning', detail: /staff_t/, remedy: /ausearch/ },

  { name: 'the latest Landlock', host: { landlockVersion: async () => 7 }, id: 'landlock', state: 'ok', detail: /^version 7$/ },
  { name: 'a Landlock without ports', host: { landlockVersion: async () => 3 }, id: 'landlock', state: 'ok', detail: /^version 3, without rules for TCP ports \(Linux 6\.7\), requests to devices .*, signals and abstract sockets/ },
  { name: 'no Landlock', host: { landlockVersion: async () => undefined }, id: 'landlock', state: 'warning', detail: /--connect-tcp and --bind-tcp do not work/, remedy: /lsm=/ },
  { name: 'a Landlock that cannot be asked for', host: { landlockVersion: async () => { throw new Error('no koffi'); } }, id: 'landlock', state: 'info', detail: /no koffi/ },

  { name: 'limits unknown or high', host: { files: { '/proc/sys/user/max_net_namespaces': '9999\n' } }, id: 'namespace-limits', state: 'ok', detail: /high enough/ },
  { name: 'a low limit', host: { files: { '/proc/sys/user/max_mnt_namespaces': '10\n' } }, id: 'namespace-limits', state: 'warning', detail: /max_mnt_namespaces is 10/, remedy: /max_mnt_namespaces = 15000/ },
  { name: 'a limit of 0 of pid namespaces', host: { files: { '/proc/sys/user/max_pid_namespaces': '0\n' } }, id: 'namespace-limits', state: 'error', detail: /max_pid_namespaces is 0/ },

  { name: 'no container', host: {}, id: 'container', state: 'ok', detail: /none/ },
  { name: 'docker', host: { files: { '/.dockerenv': '' } }, id: 'container', state: 'info', detail: /docker/ },
  { name: 'podman', host: { files: { '/run/.containerenv': '' } }, id: 'container', state: 'info', detail: /podman/ },
  { name: 'nspawn', host: { files: { '/run/systemd/container': 'systemd-nspawn\n' } }, id: 'container', state: 'info', detail: /nspawn/ },
  { name: 'lxc', host: { variables: { container: 'lxc' } }, id: 'container', state: 'info', detail: /lxc/ },
  { name: 'a covered /proc', host: { mounts: [ROOT, { mountPoint: '/proc/kcore', fsType: 'tmpfs', options: [] }] }, id: 'container', state: 'error', detail: /\/proc\/kcore/, remedy: /unmask=ALL/ },
  { name: 'binfmt_misc covers nothing', host: { mounts: [ROOT, { mountPoint: '/proc/sys/fs/binfmt_misc', fsType: 'autofs', options: [] }] }, id: 'container', state: 'ok', detail: /none/ },

  { name: 'enough ids', host: {}, id: 'subordinate-ids', state: 'ok', detail: /65536 ids/ },
  { name: 'no lines', host: SUBIDS, id: 'subordinate-ids', state: 'warning', detail: /no line in \/etc\/subuid, ann has no line/, remedy: /^sudo usermod --add-subuids 300010-365545 --add-subgids 300010-365545 ann$/ },
  { name: 'no files at all', host: { missing: ['/etc/subuid', '/etc/subgid'] }, id: 'subordinate-ids', state: 'warning', detail: /no line/, remedy: /100000-165535/ },
  { name: 'no lines on Alpine', host: { files: { ...SUBIDS.files, '/etc/os-release': 'ID=alpine' } }, id: 'subordinate-ids', state: 'warning', detail: /no line/, remedy: /echo 'ann:300010:65536' \| sudo tee -a/ },
  { name: 'no program on Ubuntu', host: { programs: { newuidmap: undefined } }, id: 'subordinate-ids', state: 'warning', detail: /not installed/, remedy: /^sudo apt install uidmap$/ },
  { name: 'no program on Rocky', host: os('ID="rocky"\nID_LIKE="rhel centos fedora"'), id: 'subordinate-ids', state: 'warning', detail: /not installed/, remedy: /dnf/ },
  { name: 'no program on Arch', host: os('ID=arch'), id: 'subordinate-ids', state: 'warning', detail: /not installed/, remedy: /pacman/ },
  { name: 'no program on openSUSE', host: os('ID=opensuse-tumbleweed'), id: 'subordinate-ids', state: 'warning', detail: /not installed/, remedy: /zypper/ },
  { name: 'no program on Alpine', host: os('ID=alpine'), id: 'subordinate-ids', state: 'warning', detail: /not installed/, remedy: /apk add shadow-uidmap/ },
  { name: 'no program elsewhere', host: os('ID=mine'), id: 'subordinate-ids', state: 'warning', detail: /not installed/, remedy: /install the package/ },
  { name: 'a short range', host: { files: { '/etc/subuid': 'ann:100000:1000' } }, id: 'subordinate-ids', state: 'warning', detail: /only 1000 of 65535/, remedy: /165536-231071/ },
  { name: 'a range shared with another', host: { files: { '/etc/subgid': 'ann:100000:65536\nbob:165000:65536' } }, id: 'subordinate-ids', state: 'warning', detail: /those of bob/, remedy: /from 230536 on/ },
  { name: 'no_new_privs', host: { files: { '/proc/self/status': 'NoNewPrivs:\t1\n' } }, id: 'subordinate-ids', state: 'warning', detail: /no_new_privs/ },
  { name: 'a nosuid system', host: { mounts: [{ ...ROOT, options: ['nosuid'] }] }, id: 'subordinate-ids', state: 'warning', detail: /nosuid/, remedy: /remount,suid/ },

  { name: 'an overlay tried', host: { probeOverlay: async () => ({ kind: 'native' }) }, id: 'overlay', state: 'ok', detail: /mounted one/ },
  { name: 'an overlay not tried', host: {}, id: 'overlay', state: 'info', detail: /not tried/ },
  { name: 'an overlay refused', host: { probeOverlay: async () => ({ kind: 'none', reason: 'EINVAL' }) }, id: 'overlay', state: 'error', detail: /EINVAL/, remedy: /XDG_DATA_HOME/ },
  { name: 'fuse-overlayfs in its place', host: { probeOverlay: async () => ({ kind: 'fuse', program: '/usr/bin/fuse-overlayfs', reason: 'refused (EINVAL)' }) }, id: 'overlay', state: 'warning', detail: /^refused \(EINVAL\): \/usr\/bin\/fuse-overlayfs is used/, remedy: /XDG_DATA_HOME/ },
  { name: 'copies in its place', host: { probeOverlay: async () => ({ kind: 'copy', reason: 'refused (EINVAL)' }) }, id: 'overlay', state: 'warning', detail: /root file systems are copied; the host's own system cannot be shown/, remedy: /XDG_DATA_HOME/ },
  { name: 'no overlay module', host: { files: { '/proc/filesystems': '\text4\n' }, probeOverlay: async () => ({ kind: 'none', reason: 'ENODEV' }) }, id: 'overlay', state: 'error', detail: /ENODEV/, remedy: /modprobe overlay/ },
  { name: 'an overlay on an old kernel', host: { release: '5.4.0' }, id: 'overlay', state: 'error', detail: /older/ },

  { name: 'a good store', host: {}, id: 'store', state: 'ok', detail: /ext4, 9536 MB free/ },
  { name: 'a store on NFS', host: { mounts: [ROOT, { mountPoint: '/home', fsType: 'nfs4', options: ['rw'] }] }, id: 'store', state: 'warning', detail: /is on nfs4/, remedy: /XDG_DATA_HOME/ },
  { name: 'a store on an old tmpfs', host: { release: '6.5.0', mounts: [{ ...ROOT, fsType: 'tmpfs' }] }, id: 'store', state: 'warning', detail: /from Linux 6\.6/ },
  { name: 'a store on a new tmpfs', host: { mounts: [{ ...ROOT, fsType: 'tmpfs' }] }, id: 'store', state: 'ok', detail: /tmpfs/ },
  { name: 'a read-only home', host: { writablePaths: [], mounts: [{ ...ROOT, options: ['ro'] }] }, id: 'store', state: 'error', detail: /\/ is mounted read-only/, remedy: /XDG_DATA_HOME/ },
  { name: 'a home of somebody else', host: { writablePaths: [] }, id: 'store', state: 'error', detail: /not writable for you/ },
  { name: 'a full disk', host: { room: { freeBytes: 3 * 1024 * 1024, freeInodes: 1e6 } }, id: 'store', state: 'warning', detail: /only 3 MB left/ },
  { name: 'no inodes', host: { room: { freeBytes: 1e12, freeInodes: 12 } }, id: 'store', state: 'warning', detail: /only 12 inodes/ },
  { name: 'inodes without a number', host: { room: { freeBytes: 1e12, freeInodes: undefined } }, id: 'store', state: 'ok', detail: /free/ },

  { name: 'cgroup v2, delegated', host: {}, id: 'cgroup', state: 'ok', detail: /cpu io memory pids/ },
  { name: 'cgroup v1', host: { mounts: [ROOT, { ...CGROUP, fsType: 'cgroup' }] }, id: 'cgroup', state: 'warning', detail: /^cgroup v1:/, remedy: /unified_cgroup_hierarchy=1/ },
  { name: 'cgroup hybrid', host: { mounts: [ROOT, CGROUP, { ...CGROUP, fsType: 'cgroup' }] }, id: 'cgroup', state: 'warning', detail: /side by side/ },
  { name: 'no delegation', host: { writablePaths: [] }, id: 'cgroup', state: 'warning', detail: /no cgroup is delegated/, remedy: /enable-linger ann/ },
  { name: 'few controllers', host: { files: { [`${SERVICE}/cgroup.controllers`]: 'memory pids\n' } }, id: 'cgroup', state: 'warning', detail: /: cpu io$/, remedy: /Delegate=cpu cpuset io memory pids/ },
  { name: 'the own cgroup is delegated', host: { files: { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cgroup.controllers': 'cpu io memory pids hugetlb' }, writablePaths: ['/sys/fs/cgroup/cgroup.procs'] }, id: 'cgroup', state: 'ok', detail: /hugetlb/ },

  { name: 'fuse and its program', host: { programs: { 'fuse-overlayfs': '/usr/bin/fuse-overlayfs' } }, id: 'fuse', state: 'ok', detail: /and \/usr\/bin\/fuse-overlayfs/ },
  { name: 'fuse without its program', host: {}, id: 'fuse', state: 'ok', detail: /no fuse-overlayfs/ },
  { name: 'no fuse', host: { missing: ['/dev/fuse'] }, id: 'fuse', state: 'info', detail: /missing/, remedy: /modprobe fuse/ },
  { name: 'fuse for root only', host: { writablePaths: [] }, id: 'fuse', state: 'info', detail: /may not be opened/ },
  { name: 'tun', host: {}, id: 'tun', state: 'ok', detail: /tun/ },
  { name: 'no tun', host: { missing: ['/dev/net/tun'] }, id: 'tun', state: 'info', detail: /missing/, remedy: /modprobe tun/ },
  { name: 'tun for root only', host: { writablePaths: [] }, id: 'tun', state: 'info', detail: /may not be opened/, remedy: /chmod 0666/ },

  { name: 'memory', host: {}, id: 'memory', state: 'ok', detail: /^7812 MB/ },
  { name: 'little memory', host: { files: { '/proc/meminfo': 'MemAvailable:    100000 kB\n' } }, id: 'memory', state: 'warning', detail: /^97 MB/ },
  { name: 'strict memory', host: { files: { '/proc/sys/vm/overcommit_memory': '2\n' } }, id: 'memory', state: 'info', detail: /overcommit_memory = 2/ },
  { name: 'unknown memory', host: { missing: ['/proc/meminfo'] }, id: 'memory', state: 'info', detail: /does not tell/ },

  { name: 'a runtime directory', host: {}, id: 'runtime-directory', state: 'ok', detail: /\/run\/user\/1000; programs can be/ },
  { name: 'no runtime directory', host: { variables: { XDG_RUNTIME_DIR: 'relative' } }, id: 'runtime-directory', state: 'ok', detail: /no XDG_RUNTIME_DIR/ },
  { name: 'memfd refused', host: { files: { '/proc/sys/vm/memfd_noexec': '2\n' } }, id: 'runtime-directory', state: 'ok', detail: /cannot be started from memory/ },
  { name: 'memfd and runtime directory refused', host: { files: { '/proc/sys/vm/memfd_noexec': '2\n' }, mounts: [ROOT, { mountPoint: '/run/user/1000', fsType: 'tmpfs', options: ['noexec'] }] }, id: 'runtime-directory', state: 'warning', detail: /nor from \/run\/user\/1000 \(noexec\)/, remedy: /memfd_noexec=1/ },

  { name: 'TIOCSTI refused', host: {}, id: 'terminal', state: 'ok', detail: /refused/ },
  { name: 'TIOCSTI allowed', host: { files: { '/proc/sys/dev/tty/legacy_tiocsti': '1\n' } }, id: 'terminal', state: 'info', detail: /allows/, remedy: /legacy_tiocsti=0/ },
  { name: 'TIOCSTI on an old kernel', host: { release: '5.15.0', missing: ['/proc/sys/dev/tty/legacy_tiocsti'] }, id: 'terminal', state: 'info', detail: /allows/ },
]; // biome-ignore format: a table

for (const { name, host, id, state, detail, remedy } of CASES) {
  test(`${id}: ${name} is ${state}`, async () => {
    const found = (await diagnose(dataProbe(host))).filter((finding) => finding.id === id);
    assert.equal(found.length, 1);
    assert.equal(found[0]?.state, state, found[0]?.detail);
    assert.match(found[0]?.detail ?? '', detail);
    if (remedy) assert.match(found[0]?.remedy ?? '', remedy);
    if (state === 'error' || state === 'warning') assert.ok(found[0]?.remedy, 'whatever is wrong has a remedy');
  });
}

test('a healthy host has nothing to mend, and no findings about security modules it does not have', async () => {
  const findings = await diagnose(
    dataProbe({ tryUserNamespace: async () => ({ ok: true }), probeOverlay: async () => ({ kind: 'native' }) }),
  );
  assert.deepEqual(
    findings.filter((finding) => finding.state !== 'ok'),
    [],
  );
  assert.ok(!findings.some((finding) => finding.id === 'apparmor' || finding.id === 'selinux'));
  const ids = findings.map((finding) => finding.id);
  assert.equal(new Set(ids).size, ids.length);
});

test('this host can be diagnosed', async () => {
  const findings = await diagnose(hostProbe());
  assert.ok(findings.length >= 10);
  for (const finding of findings) assert.notEqual(finding.detail, '', finding.id);
});
