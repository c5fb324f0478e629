import type { User } from '../../plan/spec.ts';

/** What passwd(5) says about a user, as far as the environment needs it. */
export interface Account {
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** Takes the text of a passwd(5) file and a user; gives the first entry that fits, undefined where there is none. */
export function findAccount(
  passwd: string,
  user: { readonly uid: number } | { readonly name: string },
): Account | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , uid, , , home, shell] = line.split(':');
    if (name === undefined || name === '' || home === undefined) continue;
    const fits = 'uid' in user ? uid === String(user.uid) : name === user.name;
    if (fits)
      return { name, home: home.startsWith('/') ? home : '/', shell: shell?.startsWith('/') ? shell : '/bin/sh' };
  }
  return undefined;
}

/**
 * Takes the user inside, the passwd file that holds there ('' for none) and the user's own id where `default` means that
 * (0 elsewhere). Gives the account; one without an entry lives in `/` with /bin/sh, root in /root.
 */
export function accountOf(user: User, passwd: string, defaultUid: number): Account {
  const wanted = user.kind === 'name' ? { name: user.user } : { uid: user.kind === 'id' ? user.uid : defaultUid };
  const found = findAccount(passwd, wanted);
  if (found !== undefined) return found;
  const isRoot = 'uid' in wanted ? wanted.uid === 0 : wanted.name === 'root';
  if (isRoot) return { name: 'root', home: '/root', shell: '/bin/sh' };
  return { name: 'uid' in wanted ? String(wanted.uid) : wanted.name, home: '/', shell: '/bin/sh' };
}
