import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Address, callMethod } from './dbus/call.ts';
import type { Call, Value } from './dbus/message.ts';
import { CgroupError } from './error.ts';
import { unifiedGroup } from './hierarchy.ts';

/*
 * org.freedesktop.systemd1(5). The manager is spoken with directly, at the socket that systemctl --user uses, and through
 * the session's bus where that does not answer.
 */

/** Gives the sockets that this user's manager may answer at, best first. */
export function managerAddresses(): Address[] {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const directories = new Set([
    ...(runtime?.startsWith('/') ? [runtime] : []),
    // `su` sets no XDG_RUNTIME_DIR, and a manager may be there all the same.
    `/run/user/${process.getuid?.() ?? 0}`,
  ]);
  return [...directories]
    .flatMap((directory) => [
      { path: `${directory}/systemd/private`, bus: false },
      { path: `${directory}/bus`, bus: true },
    ])
    .filter(({ path }) => existsSync(path));
}

function managerCall(member: string, body: readonly Value[]): Call {
  return {
    destination: 'org.freedesktop.systemd1',
    path: '/org/freedesktop/systemd1',
    interface: 'org.freedesktop.systemd1.Manager',
    member,
    body,
  };
}

async function callManager(call: Call): Promise<void> {
  let failure: unknown = new CgroupError('MANAGER', "there is no systemd user session: no manager's socket was found");
  for (const address of managerAddresses()) {
    try {
      return await callMethod(address, call);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/**
 * Puts this process into a new transient scope, which the manager leaves to us to divide, and which is gone with its last
 * process. Gives the scope's group, as /proc/self/cgroup names it. Throws a CgroupError MANAGER.
 */
export async function enterScope(): Promise<string> {
  const name = `sandbox-${randomBytes(6).toString('hex')}.scope`;
  const properties: ReadonlyArray<readonly [string, Value]> = [
    ['Description', { type: 's', value: 'sandbox' }],
    ['PIDs', { type: 'au', value: [process.pid] }],
    ['Delegate', { type: 'b', value: true }],
    ['CollectMode', { type: 's', value: 'inactive-or-failed' }],
  ];
  await callManager(
    managerCall('StartTransientUnit', [
      { type: 's', value: name },
      { type: 's', value: 'fail' },
      { type: 'a(sv)', value: properties },
      { type: 'a(sa(sv))' },
    ]),
  );
  return await untilInside((group) => group.endsWith(`/${name}`), name);
}

/** Puts this process into the monitors' group of a scope that exists. Throws a CgroupError MANAGER. */
export async function attachToScope(name: string): Promise<void> {
  await callManager(
    managerCall('AttachProcessesToUnit', [
      { type: 's', value: name },
      { type: 's', value: '/monitor' },
      { type: 'au', value: [process.pid] },
    ]),
  );
}

const ATTEMPTS = 5000;
const INTERVAL_MS = 2;

/** The manager answers when the job is queued, and moves the process a moment later. */
async function untilInside(isThere: (group: string) => boolean, name: string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const group = unifiedGroup(readFileSync('/proc/self/cgroup', 'utf8'));
    if (group !== undefined && isThere(group)) return group;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
  throw new CgroupError('MANAGER', `systemd's user manager did not put this process into ${name}`);
}
