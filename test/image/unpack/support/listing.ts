/** One entry of a tree as the user namespace shows it. Bytes of names and attributes are Latin-1 characters. */
export interface Listed {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'whiteout' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** 512-byte blocks that it takes. */
  readonly blocks: number;
  /** Seconds and nanoseconds: `1700000000.000000000`. */
  readonly mtime: string;
  readonly links: number;
  readonly inode: string;
  readonly target?: string;
  /** Of files up to 64 KiB. */
  readonly content?: string;
  readonly xattrs: Readonly<Record<string, string>>;
}

/** By path below the listed directory, '' for itself. */
export type Listing = Readonly<Record<string, Listed>>;
