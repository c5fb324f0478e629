import type { Finding } from './finding.ts';
import { type Probe, readNumber } from './probe.ts';

const KINDS = ['mnt', 'pid', 'ipc', 'uts', 'cgroup', 'net'];
const FILE = '/etc/sysctl.d/61-sandbox-namespaces.conf';
/** A few sandboxes at once. */
const FEW = 64;

/** Whether the limits of namespaces per user (namespaces(7)) leave room. Those of user namespaces have their own check. */
export function checkNamespaceLimits(probe: Probe): Finding[] {
  const low: { name: string; limit: number }[] = [];
  for (const kind of KINDS) {
    const limit = readNumber(probe, `/proc/sys/user/max_${kind}_namespaces`);
    if (limit !== undefined && limit < FEW) low.push({ name: `user.max_${kind}_namespaces`, limit });
  }
  const common = { id: 'namespace-limits', title: 'Namespace limits' };
  if (low.length === 0) return [{ ...common, state: 'ok', detail: 'high enough' }];
  const content = low.map(({ name }) => `${name} = 15000\n`).join('');
  return [
    {
      ...common,
      state: low.some(({ limit }) => limit === 0) ? 'error' : 'warning',
      detail: low.map(({ name, limit }) => `${name} is ${limit}`).join(', '),
      remedy: `sudo tee ${FILE} <<'EOF'\n${content}EOF\nsudo sysctl --system`,
      file: { path: FILE, content },
    },
  ];
}
