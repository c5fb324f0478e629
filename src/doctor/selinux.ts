import type { Finding } from './finding.ts';
import { type Probe, readNumber } from './probe.ts';

/** Whether SELinux enforces a policy, and on whom: a confined user or service may be refused what a sandbox needs. */
export function checkSelinux(probe: Probe): Finding[] {
  const enforce = readNumber(probe, '/sys/fs/selinux/enforce');
  if (enforce === undefined) return [];
  const common = { id: 'selinux', title: 'SELinux' };
  if (enforce === 0) return [{ ...common, state: 'ok', detail: 'permissive' }];
  // user:role:type:level
  const type = probe.read('/proc/self/attr/current')?.replaceAll('\0', '').trim().split(':')[2];
  if (type === undefined || type === 'unconfined_t') {
    return [{ ...common, state: 'ok', detail: 'enforcing; this user is not confined' }];
  }
  return [
    {
      ...common,
      state: 'warning',
      detail: `enforcing; this process is confined as ${type}, which may be refused user namespaces or mounts`,
      remedy: 'see what was refused: sudo ausearch -m AVC -ts recent',
    },
  ];
}
