import { REF_NAME } from '../../store/image-index.ts';
import { ImageError } from '../error.ts';
import { formatReference, parseReference } from '../reference.ts';

/** The full name, written by containerd and docker, whose other annotation is the tag alone. */
const CONTAINERD_NAME = 'io.containerd.image.name';

/**
 * Takes the annotations of an entry of a layout's index and gives the full names in them: none or one. `onUnknown` is told
 * of a text that is no name.
 */
export function imageNames(
  unsafeAnnotations: Readonly<Record<string, string>> | undefined,
  onUnknown: (unsafeName: string) => void = () => {},
): string[] {
  const unsafeName = unsafeAnnotations?.[CONTAINERD_NAME] ?? unsafeAnnotations?.[REF_NAME];
  if (unsafeName === undefined || unsafeName === '') return [];
  try {
    return [formatReference(parseReference(unsafeName))];
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    onUnknown(unsafeName);
    return [];
  }
}
