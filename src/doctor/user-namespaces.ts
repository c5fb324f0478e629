import { appArmorRestricts } from './apparmor.ts';
import type { Finding } from './finding.ts';
import { type Probe, readNumber, statusField } from './probe.ts';

interface Blocker {
  readonly cause: string;
  readonly remedy: string;
}

function sysctl(name: string, value: string): string {
  const line = `${name} = ${value}`;
  return `echo '${line}' | sudo tee /etc/sysctl.d/60-sandbox.conf\nsudo sysctl --system`;
}

const CONTAINER_OPTIONS =
  'if this is a container, start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined';

/** Gives what keeps an ordinary user from making user namespaces, as far as the host tells: user_namespaces(7). */
export function namespaceBlockers(probe: Probe): Blocker[] {
  const blockers: Blocker[] = [];
  if (!probe.exists('/proc/self/ns/user')) {
    blockers.push({
      cause: 'the kernel is built without user namespaces',
      remedy: 'use a kernel with CONFIG_USER_NS=y',
    });
  }
  if (readNumber(probe, '/proc/sys/user/max_user_namespaces') === 0) {
    blockers.push({ cause: 'user.max_user_namespaces is 0', remedy: sysctl('user.max_user_namespaces', '15000') });
  }
  if (readNumber(probe, '/proc/sys/kernel/unprivileged_userns_clone') === 0 && probe.uid !== 0) {
    blockers.push({
      cause: 'kernel.unprivileged_userns_clone is 0',
      remedy: sysctl('kernel.unprivileged_userns_clone', '1'),
    });
  }
  if (appArmorRestricts(probe) && probe.uid !== 0) {
    blockers.push({
      cause: 'AppArmor restricts them',
      remedy: 'install the profile that the finding "AppArmor" shows',
    });
  }
  if (!probe.mounts.some((mount) => mount.mountPoint === '/')) {
    // current_chrooted() in kernel/user_namespace.c
    blockers.push({ cause: 'this is a chroot, where the kernel refuses them', remedy: 'run it outside of the chroot' });
  }
  return blockers;
}

function guess(probe: Probe, errno: string): Blocker {
  if (errno === 'ENOSPC' || errno === 'EUSERS') {
    return {
      cause: 'too many user namespaces exist, or they are nested more than 32 deep',
      remedy: sysctl('user.max_user_namespaces', '15000'),
    };
  }
  if (statusField(probe, 'Seccomp') === '2') {
    return { cause: 'a seccomp filter of the surrounding container or service', remedy: CONTAINER_OPTIONS };
  }
  return {
    cause: 'a security module or a patched kernel',
    remedy: `see the kernel's log: sudo dmesg. ${CONTAINER_OPTIONS}`,
  };
}

/** Whether this user can make user namespaces: tried where it can be tried, and what blocks them where it fails. */
export async function checkUserNamespaces(probe: Probe): Promise<Finding[]> {
  const common = { id: 'user-namespaces', title: 'User namespaces' };
  const tried = await probe.tryUserNamespace?.();
  if (tried?.ok) return [{ ...common, state: 'ok', detail: 'made one and mounted in it' }];
  const blockers = namespaceBlockers(probe);
  if (tried === undefined && blockers.length === 0) {
    return [{ ...common, state: 'ok', detail: 'nothing known blocks them (not tried)' }];
  }
  if (tried !== undefined && blockers.length === 0) blockers.push(guess(probe, tried.errno));
  const failed = tried === undefined ? 'blocked' : `making one failed with ${tried.errno}`;
  return [
    {
      ...common,
      state: 'error',
      detail: `${failed}: ${blockers.map((blocker) => blocker.cause).join('; ')}`,
      remedy: blockers.map((blocker) => blocker.remedy).join('\n'),
    },
  ];
}
