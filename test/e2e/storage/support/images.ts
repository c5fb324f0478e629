import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { imageOf, layoutMembers, runnableLayers, type SmallImage } from '../../../support/image-archive.ts';
import { archive } from '../../../support/tar/write.ts';
import { gone, remains } from '../../faults/support/leftovers.ts';
import { at, type Place, place } from '../../faults/support/place.ts';

/**
 * The image that these tests run commands in: two layers with files of subordinate ids, the upper relying on the lower.
 * Labels that start with `apart` have layers of their own.
 */
export function smallImage(label = ''): SmallImage {
  return imageOf(runnableLayers('gzip', label.startsWith('apart') ? label : undefined), {
    label,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  });
}

/** Writes an archive of the image under these names into the working directory. */
export function writeArchive({ user, cwd }: Place, names: readonly string[], label = ''): string {
  const path = `${cwd}/${label || 'small'}.tar`;
  writeFileSync(path, archive(layoutMembers([{ image: smallImage(label), names }])));
  chownSync(path, user.uid, user.gid);
  return path;
}

/** A store that starts empty and is gone after the test. */
export function ownPlace(t: TestContext, group: string, kind: 'subordinate' | 'bare' = 'subordinate'): Place {
  const where = place(t, group, kind);
  // The files of subordinate ids go with `reset`; where that is what failed, root removes them.
  const clear = async () => {
    // The working directory is gone by now.
    if (existsSync(where.store)) await at(where, ['reset', '--force'], { cwd: '/' });
    rmSync(where.store, { recursive: true, force: true });
  };
  t.after(clear);
  rmSync(where.store, { recursive: true, force: true });
  return where;
}

/** Loads the archive and says that it went well. */
export async function loaded(where: Place, names: readonly string[], label = ''): Promise<void> {
  const { status, stdout, stderr } = await at(where, ['load', '--quiet', '-i', writeArchive(where, names, label)]);
  assert.deepEqual(
    [status, stdout],
    [0, names.map((name) => `Loaded image: docker.io/library/${name}\n`).join('')],
    stderr,
  );
}

/** What every store has once it was used. */
const ALWAYS = /^(?:lock|probe\.json|runs\/\.gate|images\/(?:\.lock|index\.json|oci-layout))$/;

/**
 * Paths of the files of a store that say that something is in it, and of directories where there should be none. A run
 * removes its own directory a moment after its command has ended: that is waited for.
 */
export async function content(store: string): Promise<string[]> {
  if (!existsSync(store)) return [];
  await gone('runs and trash', () => remains(store));
  return everythingIn(store)
    .filter(({ path, isFile }) =>
      isFile
        ? !ALWAYS.test(path) && !path.startsWith('host/')
        : /^(?:trash|layers\/\.work|runs|sandboxes)\/./.test(path),
    )
    .map(({ path }) => path)
    .sort();
}

/** Only root may look into everything: an ordinary account is root of its own mapping for it. */
function everythingIn(store: string): Array<{ readonly path: string; readonly isFile: boolean }> {
  const asRoot = process.getuid?.() === 0 ? [] : ['unshare', '--user', '--map-root-user', '--map-auto'];
  const [program = '', ...words] = [...asRoot, 'find', store, '-mindepth', '1', '-printf', '%y%P\\0'];
  const entries = execFileSync(program, words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\0');
  return entries.filter((entry) => entry !== '').map((entry) => ({ path: entry.slice(1), isFile: entry[0] !== 'd' }));
}

/** Removes every image and all garbage, and gives what is left then. */
export async function leftAfterGc(where: Place): Promise<string[]> {
  const removed = await at(where, ['image', 'prune', '--all', '--force']);
  assert.equal(removed.status, 0, removed.stderr);
  const collected = await at(where, ['gc', '--all']);
  assert.equal(collected.status, 0, collected.stderr);
  return await content(where.store);
}

/** Bytes that a directory takes, as du(1) says: only root may look into everything. */
export function du(path: string): number {
  return Number(execFileSync('du', ['-s', '--block-size=1', path], { encoding: 'utf8' }).split('\t')[0]);
}
