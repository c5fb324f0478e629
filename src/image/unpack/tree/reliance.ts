/** A hard link whose target is not in this layer (yet). Clean paths. */
export interface PendingLink {
  readonly path: string;
  readonly target: string;
}

/** What only the layers below can say. */
export interface Reliance {
  /** Directories without an entry of their own: where they really are. */
  readonly implied: readonly string[];
  readonly links: readonly PendingLink[];
  /** Nothing of the lower layers is to be seen: overlayfs has no opaque root. */
  readonly opaqueRoot: boolean;
  /** The layer says nothing of its root directory. */
  readonly rootImplied: boolean;
}
