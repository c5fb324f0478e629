import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { decodeBytes } from '../linux/bytes.ts';

/** Who somebody is by name: the part of passwd(5) that is needed. */
export interface Account {
  readonly name: string;
  readonly home: string;
}

/** Takes the text of /etc/passwd and a uid, and gives its first line's name and home; undefined where there is none. */
export function findAccount(passwd: string, uid: number): Account | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , id, , , home] = line.split(':');
    if (name && id !== undefined && /^\d{1,10}$/.test(id) && Number(id) === uid) return { name, home: home || '/' };
  }
  return undefined;
}

/** Directory services (LDAP, systemd-homed) are asked through the C library, which may take its time. */
function fromNameService(uid: number): Account | undefined {
  try {
    const { username, homedir, uid: own } = userInfo({ encoding: 'buffer' });
    return own === uid ? { name: decodeBytes(username), home: decodeBytes(homedir) || '/' } : undefined;
  } catch {
    return undefined; // ENOENT: nobody knows this uid, as in many containers
  }
}

/** Takes the uid of this process and gives its account; a uid without a name is called by its number, at home in `/`. */
export function currentAccount(uid: number, passwdFile = '/etc/passwd'): Account {
  let passwd = '';
  try {
    passwd = decodeBytes(readFileSync(passwdFile));
  } catch {
    // Without the file only the name service is left.
  }
  return findAccount(passwd, uid) ?? fromNameService(uid) ?? { name: String(uid), home: '/' };
}
