import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from './paths.ts';

/** A SHA-256 (hex) over everything an executable is made of: sources, build scripts, locked packages. */
export async function sourcesDigest(): Promise<string> {
  const paths = ['package.json', 'package-lock.json', ...(await filesUnder('src')), ...(await filesUnder('build'))];
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const content = await readFile(join(repository, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** The paths of all files under `directory`, relative to the repository. */
export async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(join(repository, directory), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1));
}
