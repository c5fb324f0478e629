import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { type Account, environmentOf, isRoot } from './account.ts';
import { which } from './packages.ts';

/**
 * Gives a tar archive of a minimal Debian, made once and kept in `cache`; undefined where mmdebstrap is not
 * installed.
 */
export function debianArchive(cache: string): string | undefined {
  const suite = debianSuite();
  const archive = `${cache}/debian-${suite}.tar`;
  if (existsSync(archive)) return archive;
  if (which('mmdebstrap') === undefined) return undefined;
  process.stderr.write(`making a root file system of Debian ${suite}, once\n`);
  const aside = `${archive}.${process.pid}`;
  execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', '--format=tar', suite, aside], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(aside, archive);
  return archive;
}

/** The machine's own release where it is a Debian, so that its mirror surely has it. */
function debianSuite(): string {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  return /^ID=debian$/m.test(release) && codename !== undefined ? codename : 'stable';
}

/** Unpacks the archive for an account, which then owns all files; devices are left out. Gives the directory. */
export function unpackDebian(archive: string, account: Account): string {
  const directory = `${account.home}/debian`;
  const owner = isRoot ? { uid: account.uid, gid: account.gid } : {};
  const options = { env: environmentOf(account), stdio: ['ignore', 'ignore', 'inherit'] as const, ...owner };
  execFileSync('mkdir', [directory], { ...options, stdio: [...options.stdio] });
  const words = ['-C', directory, '--no-same-owner', '--exclude=./dev/*', '-xf', archive];
  execFileSync('tar', words, { ...options, stdio: [...options.stdio] });
  mkdirSync(`${directory}/proc`, { recursive: true });
  return directory;
}
