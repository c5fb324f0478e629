import type { Digest } from '../../store/digest.ts';

/** How far a layer is. Bytes are those of its blob, compressed: both counts run to `size`. */
export interface LayerEvent {
  readonly digest: Digest;
  readonly size: number;
  readonly state: 'waiting' | 'downloading' | 'unpacking' | 'done' | 'present';
  readonly downloaded: number;
  readonly unpacked: number;
}

/** Who shows what happens. */
export interface InstallEvents {
  readonly layer: (event: LayerEvent) => void;
  /** A line for the user: what is being waited for, say. */
  readonly note: (line: string) => void;
}
