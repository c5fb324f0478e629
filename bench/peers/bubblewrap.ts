import type { Account } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { which } from '../ground/packages.ts';
import { type Candidate, notInstalled } from './candidate.ts';

const BARE = 'bwrap --unshare-all';
const TYPICAL = 'bwrap --unshare-all, /dev /proc /tmp';

function bubblewrap(name: string, root: string | undefined, account: Account, words: readonly string[]): Candidate {
  const program = which('bwrap');
  if (program === undefined) return notInstalled(name, 'bwrap');
  if (root === undefined) return { name, command: undefined, reason: 'no root file system' };
  return { name, command: { argv: [program, ...words], account } };
}

/**
 * As sandboxes are opened with it: with devices, processes and a place for temporary files; nothing is written below.
 */
export function typicalBubblewrap({ debian, bare }: Ground, command: readonly string[] = ['true']): Candidate {
  const root = debian.get(bare);
  const mounts = ['--ro-bind', root ?? '', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'];
  return bubblewrap(TYPICAL, root, bare, [...mounts, '--unshare-all', '--die-with-parent', ...command]);
}

/** The least that it can do: all namespaces, and one mount. */
export function leastBubblewrap({ debian, bare }: Ground): Candidate {
  const root = debian.get(bare);
  return bubblewrap(BARE, root, bare, ['--bind', root ?? '', '/', '--unshare-all', 'true']);
}
