import type { Probe } from '../../src/doctor/probe.ts';

/** What a host looks like to the checks, as data. Anything left out is as on an ordinary healthy desktop. */
export interface HostData
  extends Partial<Omit<Probe, 'read' | 'exists' | 'writable' | 'env' | 'findProgram' | 'space'>> {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly missing?: readonly string[];
  readonly writablePaths?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, string | undefined>>;
  readonly room?: ReturnType<Probe['space']>;
}

const FILES: Readonly<Record<string, string>> = {
  '/proc/sys/user/max_user_namespaces': '15000\n',
  '/proc/self/ns/user': '',
  '/proc/self/status': 'Name:\tnode\nNoNewPrivs:\t0\nSeccomp:\t0\n',
  '/proc/self/cgroup': '0::/user.slice/user-1000.slice/session-2.scope\n',
  '/proc/filesystems': 'nodev\ttmpfs\nnodev\toverlay\n\text4\n',
  '/proc/meminfo': 'MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n',
  '/etc/subuid': 'ann:100000:65536\n',
  '/etc/subgid': 'ann:100000:65536\n',
  '/etc/os-release': 'ID=ubuntu\nID_LIKE=debian\n',
  '/dev/fuse': '',
  '/dev/net/tun': '',
  '/run/user/1000': '',
  '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers': 'cpu io memory pids\n',
  '/proc/sys/dev/tty/legacy_tiocsti': '0\n',
};

const WRITABLE = [
  '/dev/fuse',
  '/dev/net/tun',
  '/run/user/1000',
  '/home/ann',
  '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.procs',
];

export function dataProbe(host: HostData = {}): Probe {
  const files: Record<string, string | undefined> = { ...FILES, ...host.files };
  for (const path of host.missing ?? []) delete files[path];
  const writable = new Set(host.writablePaths ?? WRITABLE);
  const programs = { newuidmap: '/usr/bin/newuidmap', newgidmap: '/usr/bin/newgidmap', ...host.programs };
  const variables = { XDG_RUNTIME_DIR: '/run/user/1000', ...host.variables };
  return {
    uid: 1000,
    gid: 1000,
    userName: 'ann',
    home: '/home/ann',
    release: '6.8.0-31-generic',
    executable: '/home/ann/bin/sandbox',
    store: '/home/ann/.local/share/sandbox',
    mounts: [
      { mountPoint: '/', fsType: 'ext4', options: ['rw'] },
      { mountPoint: '/proc', fsType: 'proc', options: ['rw'] },
      { mountPoint: '/sys/fs/cgroup', fsType: 'cgroup2', options: ['rw'] },
      { mountPoint: '/run/user/1000', fsType: 'tmpfs', options: ['rw', 'nosuid'] },
    ],
    nearest: () => '/home/ann',
    ...host,
    env: (name) => new Map(Object.entries(variables)).get(name),
    read: (path) => files[path],
    exists: (path) => files[path] !== undefined,
    writable: (path) => writable.has(path),
    space: () => host.room ?? { freeBytes: 10e9, freeInodes: 1_000_000 },
    findProgram: (name) => new Map(Object.entries(programs)).get(name),
  };
}
