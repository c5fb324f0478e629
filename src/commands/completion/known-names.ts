import { readImages } from '../../store/images.ts';
import { listShelf } from '../../store/sandbox-directory.ts';
import { familiar } from '../image/stored.ts';
import { HOST_IMAGE } from '../spec/image-operand.ts';
import { ownStore } from '../spec/own-store.ts';

type Kind = 'sandboxes' | 'images' | 'host';

/** `debian` for `debian:latest`, which is what people type. */
function shortest(name: string): string {
  return familiar(name).replace(/:latest$/, '');
}

function namesOf(kind: Kind, store: string): string[] {
  if (kind === 'host') return [HOST_IMAGE];
  try {
    if (kind === 'images') return readImages(store).map(({ name }) => shortest(name));
    return listShelf(store, 'sandboxes').map(({ id }) => id);
  } catch {
    return [];
  }
}

/** Gives the names of all kinds that are asked for, each once. */
export function knownNames(kinds: readonly Kind[]): string[] {
  const store = ownStore();
  return [...new Set(kinds.flatMap((kind) => namesOf(kind, store)))];
}
