import type { RemovedImage } from '../../store/remove-image.ts';
import { print } from '../../ui/output.ts';
import { reportFailure } from '../../ui/report.ts';
import { ownStore } from '../spec/own-store.ts';
import { freeUnused } from './free-unused.ts';
import { selectStored, storedImages } from './stored.ts';

interface RemoveOptions {
  readonly force: boolean;
}

/** Says what was done, as podman does. */
export function printRemoved({ untagged, deleted }: RemovedImage): void {
  for (const name of untagged) print(`Untagged: ${name}\n`);
  if (deleted !== undefined) print(`Deleted: ${deleted}\n`);
}

/** Removes each; a failure is told and does not keep the others from being removed. Gives the exit status. */
async function removeEach(wanted: ReadonlyArray<() => Promise<string>>, { force }: RemoveOptions): Promise<number> {
  const { removeImage } = await import('../../store/remove-image.ts');
  let status = 0;
  let deleted = false;
  for (const nameOrId of wanted) {
    try {
      const removed = await removeImage(ownStore(), await nameOrId(), { force });
      printRemoved(removed);
      deleted ||= removed.deleted !== undefined;
    } catch (error) {
      if (force && isNoImage(error)) continue;
      reportFailure(error);
      status = 125;
    }
  }
  if (deleted) await freeUnused();
  return status;
}

function isNoImage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NO_IMAGE';
}

/** Takes names and beginnings of ids as they were typed. */
export async function removeImages(unsafeNames: readonly string[], options: RemoveOptions): Promise<number> {
  const wanted = [...new Set(unsafeNames)].map((typed) => async () => {
    const found = await selectStored(typed, storedImages());
    const hex = /^(?:sha256:)?([0-9a-f]+)$/.exec(typed)?.[1];
    const byId = hex !== undefined && (found.id.startsWith(hex) || found.stored.manifest.digest.includes(`:${hex}`));
    return byId || found.name === undefined ? found.id : found.name;
  });
  return await removeEach(wanted, options);
}

/** Removes every image, with all its names. */
export async function removeAllImages(options: RemoveOptions): Promise<number> {
  const wanted = storedImages().map(
    ({ name, id }) =>
      async () =>
        name ?? id,
  );
  return await removeEach(wanted, options);
}
