import { readAccountTable } from '../host/account-table.ts';
import type { HostFacts } from '../host/facts.ts';
import type { PlanInput } from '../plan/input.ts';
import type { Spec } from '../plan/spec.ts';
import { SandboxError } from './error.ts';
import { keptChanges } from './kept.ts';

/** Gives the numbers of the user that a spec asks for, names looked up in its root file system; passwd(5), group(5). */
export function resolveUser(spec: Spec, facts: HostFacts): PlanInput['user'] {
  const { user } = spec;
  if (user.kind === 'account') return { uid: user.uid, gid: user.gid, isAccount: true };
  if (user.kind === 'id') return { uid: user.uid, gid: user.gid };
  const isHost = spec.rootfs.kind === 'host';
  if (user.kind === 'default') return isHost ? { uid: facts.uid, gid: facts.gid } : { uid: 0, gid: 0 };
  if (user.user === 'root' && user.group === undefined) return { uid: 0, gid: 0 };
  if (isHost && user.user === facts.userName && user.group === undefined) return { uid: facts.uid, gid: facts.gid };
  const table = (name: 'passwd' | 'group'): string[][] => tableInside(spec, facts.store, name);
  const account = table('passwd').find(([name]) => name === user.user);
  const uid = number(account?.[2]);
  if (uid === undefined) {
    throw new SandboxError('NO_USER', `--user: there is no user ${user.user} in the sandbox's /etc/passwd`, {
      hint: 'give a number instead: --user 1000',
    });
  }
  if (user.group === undefined) return { uid, gid: number(account?.[3]) ?? uid };
  const gid = number(table('group').find(([name]) => name === user.group)?.[2]);
  if (gid === undefined)
    throw new SandboxError('NO_USER', `--user: there is no group ${user.group} in the sandbox's /etc/group`);
  return { uid, gid };
}

/** In a kept sandbox users may have been added. */
function tableInside({ rootfs, lifetime }: Spec, store: string, name: 'passwd' | 'group'): string[][] {
  const changes = lifetime.kind === 'named' ? keptChanges(store, lifetime.name) : undefined;
  return readAccountTable(rootfs, name, changes)
    .split('\n')
    .map((line) => line.split(':'));
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
