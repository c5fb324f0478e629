import type { SetupOp } from '../launch/operations.ts';
import type { Identity } from './identity.ts';
import type { PlanInput } from './input.ts';
import { planSandboxRestrictions } from './restrictions.ts';

/**
 * What podman masks and write-protects (containers/common, pkg/config: default masked and read-only paths; OCI
 * config-linux.md, "Masked Paths"), with the type that the kernel gives each.
 */
const MASKED: ReadonlyArray<readonly [path: string, type: 'file' | 'directory']> = [
  ['/proc/acpi', 'directory'],
  ['/proc/asound', 'directory'],
  ['/proc/interrupts', 'file'],
  ['/proc/kcore', 'file'],
  ['/proc/keys', 'file'],
  ['/proc/latency_stats', 'file'],
  ['/proc/sched_debug', 'file'],
  ['/proc/scsi', 'directory'],
  ['/proc/timer_list', 'file'],
  ['/proc/timer_stats', 'file'],
  ['/sys/dev/block', 'directory'],
  ['/sys/devices/virtual/powercap', 'directory'],
  ['/sys/firmware', 'directory'],
  ['/sys/fs/selinux', 'directory'],
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What else tells of the host, and nothing that an ordinary program needs: for what is not trusted. */
const MASKED_CLOSELY: typeof MASKED = [
  ['/proc/bus', 'directory'],
  ['/proc/cmdline', 'file'],
  ['/proc/config.gz', 'file'],
  ['/proc/diskstats', 'file'],
  ['/proc/driver', 'directory'],
  ['/proc/fs', 'directory'],
  ['/proc/irq', 'directory'],
  ['/proc/kallsyms', 'file'],
  ['/proc/key-users', 'file'],
  ['/proc/locks', 'file'],
  ['/proc/modules', 'file'],
  ['/proc/partitions', 'file'],
  ['/proc/schedstat', 'file'],
  ['/proc/softirqs', 'file'],
  ['/proc/sysrq-trigger', 'file'],
];
/** What runtimes look up in /sys: the number of processors, their caches and memory, the size of huge pages. */
const SYSTEM_FACTS = ['/sys/devices/system/cpu', '/sys/devices/system/node', '/sys/kernel/mm/transparent_hugepage'];

/** /proc and /sys, with what an ordinary program has no use for hidden or read-only. */
export function planKernelFiles(input: PlanInput, identity: Identity): SetupOp[] {
  // Landlock holds the file system that was mounted; for the same profiles less of the kernel's is mounted.
  const closely = input.spec.security.landlock;
  const masked = closely ? [...MASKED.filter(([path]) => !path.startsWith('/sys/')), ...MASKED_CLOSELY] : MASKED;
  const hidden = new Set(masked.map(([path]) => path));
  return [
    { op: 'makeDirectory', path: '/proc', mode: 0o555 },
    { op: 'proc', target: '/proc' },
    ...planSandboxRestrictions(input, identity),
    { op: 'makeDirectory', path: '/sys', mode: 0o555 },
    ...(closely ? planSystemFacts() : [{ op: 'sysfs', target: '/sys', fresh: input.spec.network === 'none' } as const]),
    { op: 'controlGroups', target: '/sys/fs/cgroup' },
    ...masked.map(([path, type]): SetupOp => ({ op: 'mask', path, type })),
    ...READ_ONLY.filter((path) => !hidden.has(path)).map((path): SetupOp => ({ op: 'readOnlyPath', path })),
  ];
}

/** A read-only /sys with a few of the host's directories in it, instead of all of it with a few hidden. */
function planSystemFacts(): SetupOp[] {
  const attributes = { noSuid: true, noDev: true, noExec: true };
  return [
    { op: 'memory', target: '/sys', mode: 0o555, size: 65536, attributes },
    ...['/sys/fs/cgroup', ...SYSTEM_FACTS].map((path): SetupOp => ({ op: 'makeDirectory', path, mode: 0o555 })),
    { op: 'readOnlyPath', path: '/sys' },
    ...SYSTEM_FACTS.map(
      (path): SetupOp => ({
        op: 'bind',
        source: path,
        target: path,
        recursive: false,
        attributes: { ...attributes, readOnly: true },
        optional: true,
      }),
    ),
  ];
}

const NODES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const LINKS: ReadonlyArray<readonly [name: string, to: string]> = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
];

/** /dev as OCI's config-linux.md, "Default Devices", has it; the nodes are the host's, since a user may make none. */
export function planDevices({ spec, terminalPath }: PlanInput, identity: Identity): SetupOp[] {
  const node = { noSuid: true, noExec: true };
  const bindNode = (source: string, target: string, optional: boolean): SetupOp[] => [
    { op: 'makeFile', path: target },
    { op: 'bind', source, target, recursive: false, attributes: node, optional },
  ];
  const operations: SetupOp[] = [
    { op: 'makeDirectory', path: '/dev', mode: 0o755 },
    { op: 'memory', target: '/dev', mode: 0o755, size: 65536 * 1024, attributes: { noSuid: true, noExec: true } },
    ...NODES.flatMap((name) => bindNode(`/dev/${name}`, `/dev/${name}`, false)),
    ...LINKS.map(([name, to]): SetupOp => ({ op: 'makeSymlink', path: `/dev/${name}`, to })),
    { op: 'makeDirectory', path: '/dev/pts', mode: 0o755 },
    { op: 'devpts', target: '/dev/pts', ...(identity.hasTtyGroup ? { ttyGroup: 5 } : {}) },
    { op: 'makeDirectory', path: '/dev/shm', mode: 0o755 },
    { op: 'memory', target: '/dev/shm', mode: 0o1777, attributes: { noSuid: true, noDev: true, noExec: true } },
    { op: 'makeDirectory', path: '/dev/mqueue', mode: 0o755 },
    { op: 'messageQueues', target: '/dev/mqueue' },
  ];
  if (spec.terminal === 'own') operations.push({ op: 'makeFile', path: '/dev/console' }, { op: 'ownTerminal' });
  else if (terminalPath !== undefined) operations.push(...bindNode(terminalPath, '/dev/console', true));
  return operations;
}
