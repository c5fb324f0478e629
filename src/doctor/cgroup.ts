import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

const WANTED = ['cpu', 'io', 'memory', 'pids'];
const DROP_IN = '/etc/systemd/system/user@.service.d/delegate.conf';
const COMMON = { id: 'cgroup', title: 'Resource limits' };

/** The own cgroup in the v2 hierarchy, and the user's service of systemd, which is the one that is delegated. */
function candidates(probe: Probe, root: string): string[] {
  const own = probe
    .read('/proc/self/cgroup')
    ?.split('\n')
    .find((line) => line.startsWith('0::'))
    ?.slice(3);
  const service = `/user.slice/user-${probe.uid}.slice/user@${probe.uid}.service`;
  return [...(own === undefined ? [] : [own]), service].map((path) => (path === '/' ? root : root + path));
}

/** Which version of cgroups the host uses and what of it is the user's: cgroups(7), "Cgroups delegation". */
export function checkCgroup(probe: Probe): Finding[] {
  const v2 = probe.mounts.find((mount) => mount.fsType === 'cgroup2');
  const v1 = probe.mounts.some((mount) => mount.fsType === 'cgroup');
  if (v2 === undefined || v1) {
    return [
      {
        ...COMMON,
        state: 'warning',
        detail: `${v2 === undefined ? 'cgroup v1' : 'cgroup v1 and v2 side by side'}: no limits of memory, cpu and processes for an ordinary user`,
        remedy: 'boot with systemd.unified_cgroup_hierarchy=1 on the kernel command line',
      },
    ];
  }
  const delegated = candidates(probe, v2.mountPoint).find((path) => probe.writable(`${path}/cgroup.procs`));
  if (delegated === undefined) {
    return [
      {
        ...COMMON,
        state: 'warning',
        detail: 'cgroup v2, but no cgroup is delegated to you: no limits of memory, cpu and processes',
        remedy: `log in through systemd, or: sudo loginctl enable-linger ${probe.userName}`,
      },
    ];
  }
  const controllers = (probe.read(`${delegated}/cgroup.controllers`) ?? '').trim().split(/\s+/);
  const missing = WANTED.filter((name) => !controllers.includes(name));
  if (missing.length === 0)
    return [{ ...COMMON, state: 'ok', detail: `cgroup v2, delegated: ${controllers.join(' ')}` }];
  const content = '[Service]\nDelegate=cpu cpuset io memory pids\n';
  return [
    {
      ...COMMON,
      state: 'warning',
      detail: `cgroup v2, but these controllers are not delegated to you: ${missing.join(' ')}`,
      remedy: `sudo mkdir -p /etc/systemd/system/user@.service.d\nsudo tee ${DROP_IN} <<'EOF'\n${content}EOF\nsudo systemctl daemon-reload\nlog out and in again`,
      file: { path: DROP_IN, content },
    },
  ];
}
