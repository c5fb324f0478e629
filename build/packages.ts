import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, repository } from './paths.ts';
import { readTarballFile } from './tarball.ts';

export type Arch = 'x64' | 'arm64';

export interface LockedPackage {
  readonly version: string;
  /** Subresource-integrity string, `sha512-…`. */
  readonly integrity: string;
}

/** What package-lock.json pins `name` to: the one place where versions and checksums of what goes into a file stand. */
export async function lockedPackage(name: string): Promise<LockedPackage> {
  const lock = JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Partial<LockedPackage>>;
  };
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json pins no version of ${name}: run "npm install"`);
  }
  return { version, integrity };
}

/**
 * Gives the content of the file `path` of the locked npm package `name`, which is for machines of `arch`. npm installs
 * packages of the machine's own architecture only: those of the other one are fetched with `npm pack`, held against the
 * checksum in package-lock.json and kept in the cache directory.
 */
export async function readPackageFile(name: string, arch: Arch, path: string): Promise<Buffer> {
  if (arch === process.arch) return readFile(join(repository, 'node_modules', name, path));
  return readTarballFile(await fetchPackage(name), `package/${path}`);
}

async function fetchPackage(name: string): Promise<Buffer> {
  const locked = await lockedPackage(name);
  const archive = join(cacheDirectory, 'packages', `${name.replace('/', '-')}-${locked.version}.tgz`);
  const cached = await readFile(archive).catch(() => undefined);
  if (cached !== undefined && matchesIntegrity(cached, locked.integrity)) return cached;

  const directory = `${archive}.${process.pid}`;
  await mkdir(directory, { recursive: true });
  try {
    const { stdout } = await promisify(execFile)(
      'npm',
      ['pack', '--json', '--loglevel=error', '--pack-destination', directory, `${name}@${locked.version}`],
      { cwd: dirname(directory) },
    );
    const packed = packedFileName(JSON.parse(stdout));
    const content = await readFile(join(directory, packed));
    if (!matchesIntegrity(content, locked.integrity)) {
      throw new Error(`${name}@${locked.version} does not have the checksum that package-lock.json pins`);
    }
    await rename(join(directory, packed), archive);
    return content;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** npm 11 and older print an array, later ones an object by package name. */
function packedFileName(output: unknown): string {
  const [first] = Object.values(output as Record<string, { filename: string }>);
  if (first === undefined) throw new Error('npm pack printed no file name');
  return first.filename;
}

/** Whether `content` has the checksum `integrity` (`sha512-` and base64). */
export function matchesIntegrity(content: Buffer, integrity: string): boolean {
  return integrity === `sha512-${createHash('sha512').update(content).digest('base64')}`;
}

/** Writes `content` where it did not stand before: aside first, then renamed, so that no reader sees a half. */
export async function writeWhole(path: string, content: Buffer, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, content, { mode });
  await rename(aside, path);
}
