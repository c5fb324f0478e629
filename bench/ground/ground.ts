import { chmodSync, copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, accounts, isRoot } from './account.ts';
import { debianArchive, unpackDebian } from './debian.ts';
import { cacheDirectory, makeDisk, makeHome } from './disk.ts';
import { end, processesOf } from './leftover.ts';

const repository = join(import.meta.dirname, '..', '..');

/** The name of the sandbox that others join. */
export const OPEN = 'bench';

/** What everything is measured on. */
export interface Ground {
  readonly disk: string;
  /** With subordinate ids, where there is such an account. */
  readonly full: Account;
  /** Without subordinate ids, where there is such an account; for an ordinary user both are that user. */
  readonly bare: Account;
  /** A Debian root file system of each account's own; none where it could not be made. */
  readonly debian: ReadonlyMap<Account, string>;
  /** The built file. */
  readonly sandbox: string;
  /** The Node that is inside the built file, as its npm package has it. */
  readonly node: string;
}

/** Makes disk, homes and root file systems. Throws where the file to measure is not built. */
export function prepareGround(): Ground {
  const built = join(repository, 'dist', 'sandbox');
  if (!existsSync(built)) throw new Error('dist/sandbox is not there: npm run build');
  const disk = makeDisk();
  chmodSync(disk, 0o755);
  const all = accounts(disk);
  // Of a run that was killed. The accounts are the benchmark's own.
  if (isRoot) end(processesOf(all.map(({ uid }) => uid)));
  for (const account of all) makeHome(account);
  const archive = debianArchive(cacheDirectory());
  const debian = new Map(archive === undefined ? [] : all.map((account) => [account, unpackDebian(archive, account)]));
  const [full, bare = full] = all;
  if (full === undefined || bare === undefined) throw new Error('no account to measure as');
  const sandbox = executable(built, `${disk}/sandbox`);
  const node = executable(
    join(repository, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'),
    `${disk}/node`,
  );
  return { disk, full, bare, debian, sandbox, node };
}

/** Copies a program to where each account may execute it, and all programs lie on the same disk. */
function executable(from: string, to: string): string {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
  return to;
}
