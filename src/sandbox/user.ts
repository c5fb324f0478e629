import { readAccountTable } from '../host/account-table.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Spec } from '../plan/spec.ts';
import { SandboxError } from './error.ts';

/** Gives the numbers of the user that a spec asks for, names looked up in its root file system; passwd(5), group(5). */
export function resolveUser(spec: Spec, facts: HostFacts): { uid: number; gid: number } {
  const { user, rootfs } = spec;
  if (user.kind === 'id') return { uid: user.uid, gid: user.gid };
  const isHost = rootfs.kind === 'host';
  if (user.kind === 'default') return isHost ? { uid: facts.uid, gid: facts.gid } : { uid: 0, gid: 0 };
  if (user.user === 'root' && user.group === undefined) return { uid: 0, gid: 0 };
  if (isHost && user.user === facts.userName && user.group === undefined) return { uid: facts.uid, gid: facts.gid };
  const root = isHost ? '/' : rootfs.path;
  const account = table(root, 'passwd').find(([name]) => name === user.user);
  const uid = number(account?.[2]);
  if (uid === undefined) {
    throw new SandboxError('NO_USER', `--user: there is no user ${user.user} in the sandbox's /etc/passwd`, {
      hint: 'give a number instead: --user 1000',
    });
  }
  if (user.group === undefined) return { uid, gid: number(account?.[3]) ?? uid };
  const gid = number(table(root, 'group').find(([name]) => name === user.group)?.[2]);
  if (gid === undefined)
    throw new SandboxError('NO_USER', `--user: there is no group ${user.group} in the sandbox's /etc/group`);
  return { uid, gid };
}

function table(root: string, name: 'passwd' | 'group'): string[][] {
  return readAccountTable(root, name)
    .split('\n')
    .map((line) => line.split(':'));
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
