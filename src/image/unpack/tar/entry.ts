/** One entry of an archive, as all its headers together describe it. Names are bytes, one Latin-1 character each. */
export interface TarEntry {
  readonly type: EntryType;
  readonly name: string;
  /** Of hard and symbolic links. */
  readonly linkName: string;
  /** Permission bits with set-user-id, set-group-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the file, holes included. */
  readonly size: number;
  /** Time of the last change: whole seconds, rounded down, and nanoseconds. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly xattrs: readonly Xattr[];
  /** Where a sparse file has data: ascending, apart. */
  readonly extents: readonly Extent[] | undefined;
}

export type EntryType = 'file' | 'hardlink' | 'symlink' | 'directory' | 'fifo' | 'character' | 'block';

export interface Xattr {
  readonly name: string;
  readonly value: Buffer;
}

export interface Extent {
  readonly offset: number;
  readonly length: number;
}
