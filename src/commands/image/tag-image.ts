import { formatReference, parseReference } from '../../image/reference.ts';
import { setImage } from '../../store/images.ts';
import { ensureImageStore } from '../../store/layout.ts';
import { lockStore } from '../../store/lock.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { ownStore } from '../spec/own-store.ts';
import { selectStored, storedImages } from './stored.ts';

/** Gives an image names. Aliases of the configuration are not looked for in these: a name is given as it is written. */
export async function tagImage(unsafeName: string, unsafeNames: readonly string[]): Promise<number> {
  const store = ownStore();
  const names = unsafeNames.map((each) => {
    const reference = parseReference(each);
    if (reference.digest === undefined) return formatReference(reference);
    throw new UsageError(`expected a name without a digest, got ${JSON.stringify(each)}`);
  });
  ensureImageStore(store);
  // What the name stands for is not to be removed in between.
  const lock = await lockStore(store, 'shared');
  try {
    const { stored } = await selectStored(unsafeName, storedImages());
    for (const name of names) await setImage(store, { ...stored, name });
  } finally {
    lock.release();
  }
  return 0;
}
