import type { User } from '../../plan/spec.ts';
import { unexpected } from '../arguments/usage-error.ts';

/** (uid_t) -1 means "no id" to the kernel: chown(2), setresuid(2). */
const LARGEST_ID = 0xffff_fffe;

function parseId(text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= LARGEST_ID)) throw unexpected(`an id from 0 to ${LARGEST_ID}`, text);
  return id;
}

/** The names that useradd(8) accepts, and capitals, which others do. */
function parseName(text: string): string {
  if (!/^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}\$?$/.test(text)) throw unexpected("a user's or group's name", text);
  return text;
}

/** Takes `UID`, `UID:GID`, `NAME` or `NAME:GROUP`. Throws UsageError. */
export function parseUser(text: string): User {
  const colon = text.indexOf(':');
  const user = colon === -1 ? text : text.slice(0, colon);
  const group = colon === -1 ? undefined : text.slice(colon + 1);
  if (user === '' || group === '') throw unexpected('UID, UID:GID, NAME or NAME:GROUP', text);
  if (!/^\d/.test(user)) {
    const name = parseName(user);
    return group === undefined ? { kind: 'name', user: name } : { kind: 'name', user: name, group: parseName(group) };
  }
  const uid = parseId(user);
  if (group === undefined) return { kind: 'id', uid, gid: uid };
  if (!/^\d/.test(group)) throw unexpected('UID:GID, both as numbers, or NAME:GROUP, both as names', text);
  return { kind: 'id', uid, gid: parseId(group) };
}
