import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { type Result, runAs, type TestUser } from '../../support/user.ts';

/**
 * Runs a program as the account under strace(1) and gives the paths of all programs that were executed, in order, as
 * execve(2) got them. As root strace itself stays root, so that newuidmap keeps its set-user-ID bit.
 */
export async function executed(
  user: TestUser,
  cwd: string,
  argv: readonly string[],
): Promise<{ result: Result; programs: string[] }> {
  const log = `${cwd}/strace.log`;
  const isRoot = process.getuid?.() === 0;
  const words = ['-f', '-qq', '-e', 'trace=execve,execveat', '-o', log, ...(isRoot ? ['-u', user.name] : []), ...argv];
  const result = await runAs(isRoot ? { ...user, uid: 0, gid: 0 } : user, ['strace', ...words], { cwd });
  const programs: string[] = [];
  const begun = new Map<string, string>();
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [, pid = '', call = ''] = line.match(/^(\d+) +(.*)$/) ?? [];
    const path = call.match(/^execve(?:at)?\((?:[^",]*, )?"([^"]*)"/)?.[1];
    if (path !== undefined) begun.set(pid, path);
    if (/ = 0$/.test(call) && (path !== undefined || call.includes('execve'))) programs.push(begun.get(pid) ?? '?');
  }
  return { result, programs };
}

/**
 * Gives the programs with the path of a sandbox's command put in where it could not be read: an ordinary user's strace sees that
 * a program is executed there, and not which one.
 */
export function withUnread(programs: readonly string[], command: string): string[] {
  return programs.map((path) => (path === '?' && process.getuid?.() !== 0 ? command : path));
}

/** Makes a file the account's own and executable. */
export function giveTo(user: TestUser, path: string): void {
  chownSync(path, user.uid, user.gid);
  chmodSync(path, 0o755);
}
