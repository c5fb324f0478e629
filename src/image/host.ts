import type { IdMapping } from '../launch/operations.ts';
import type { Arch } from '../linux/arch.ts';

/** What images need to know of the host: where they are kept, and as whom they are unpacked. */
export interface ImageHost {
  readonly store: string;
  /** The one mapping that all layers and sandboxes share. */
  readonly ids: IdMapping;
  readonly arch: Arch;
  /** Removes a tree whose files may belong to subordinate ids. What cannot be removed is left to the garbage collection. */
  readonly discard: (path: string) => Promise<void>;
}
