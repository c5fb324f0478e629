import type { Arch } from '../linux/arch.ts';
import type { IdRange } from '../linux/subid.ts';

/** Which ids can be mapped into a sandbox besides the user's own. */
export type IdSupport =
  | {
      readonly kind: 'subordinate';
      readonly uids: readonly IdRange[];
      readonly gids: readonly IdRange[];
      /** Absolute paths of the set-uid helpers (shadow's `uidmap`). */
      readonly newuidmap: string;
      readonly newgidmap: string;
    }
  | { readonly kind: 'single'; readonly reason: string };

/** How copy-on-write can be made; `reason`: why not in a way that comes before. */
export type OverlaySupport =
  /** By the kernel's overlayfs. */
  | { readonly kind: 'native' }
  /** By fuse-overlayfs(1), whose absolute path `program` is. */
  | { readonly kind: 'fuse'; readonly program: string; readonly reason: string }
  /** By copying first. */
  | { readonly kind: 'copy'; readonly reason: string }
  /** Not at all. */
  | { readonly kind: 'none'; readonly reason: string };

/** One mount of the host, as far as the plan needs it. */
export interface HostMount {
  readonly mountPoint: string;
  readonly fsType: string;
}

/** What the plan has to know of the host and the user; gathered by host/survey.ts, plain data in tests. */
export interface HostFacts {
  readonly arch: Arch;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly home: string;
  readonly ids: IdSupport;
  /** As it was when it was last tried on this kernel; undefined: not tried yet. */
  readonly overlay?: OverlaySupport;
  readonly mounts: readonly HostMount[];
  /** `$XDG_DATA_HOME/sandbox`. */
  readonly store: string;
  /** Content of the host's /etc/resolv.conf and where it really is; undefined: none. */
  readonly resolvConf?: { readonly path: string; readonly content: string };
  /** Content of the host's time zone (TZif bytes as a path): the file that /etc/localtime leads to. */
  readonly localtime?: string;
}
