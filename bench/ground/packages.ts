import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { isRoot, SEARCH_PATH } from './account.ts';

/** The Debian packages to compare with, and what the measurement itself uses; each with a program of it. */
const PACKAGES: Readonly<Record<string, string>> = {
  bubblewrap: 'bwrap',
  crun: 'crun',
  podman: 'podman',
  buildah: 'buildah',
  'fuse-overlayfs': 'fuse-overlayfs',
  conmon: 'conmon',
  uidmap: 'newuidmap',
  firejail: 'firejail',
  mmdebstrap: 'mmdebstrap',
  strace: 'strace',
  'docker-registry': 'docker-registry',
  skopeo: 'skopeo',
  umoci: 'umoci',
  zstd: 'zstd',
};

/** dpkg-query's own notation for the field of that name. */
const VERSION_FIELD = '$' + '{Version}';

/** Gives the path of a program that may be executed, or undefined where it is not installed. */
export function which(program: string): string | undefined {
  return SEARCH_PATH.split(':')
    .map((directory) => `${directory}/${program}`)
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Installs what is missing, where that is possible; what cannot be had is left out of the measurement. */
export function installPackages(): void {
  const missing = Object.keys(PACKAGES).filter((name) => which(PACKAGES[name] ?? '') === undefined);
  if (!isRoot || missing.length === 0 || !existsSync('/usr/bin/apt-get')) return;
  process.stderr.write(`installing ${missing.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Gives the version of each of the packages, or undefined where it is not installed or this is no Debian system. */
export function packageVersions(): ReadonlyMap<string, string | undefined> {
  return new Map(
    Object.keys(PACKAGES).map((name) => {
      const query = spawnSync('dpkg-query', ['--show', '--showformat', VERSION_FIELD, name], { encoding: 'utf8' });
      return [name, query.status === 0 && query.stdout !== '' ? query.stdout : undefined];
    }),
  );
}
