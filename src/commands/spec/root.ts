import type { RunDefaults } from '../../image/model.ts';
import type { RootFs } from '../../plan/spec.ts';

/** Which root file system is asked for, as it was typed. */
export type RootRequest =
  | { readonly kind: 'host' }
  /** `--rootfs`. */
  | { readonly kind: 'directory'; readonly unsafePath: string }
  /** A name, or the beginning of a digest. */
  | { readonly kind: 'image'; readonly unsafeName: string }
  /** What a kept sandbox stands on. */
  | { readonly kind: 'kept'; readonly rootfs: RootFs };

/** The same, images looked up, and pulled where that was needed. */
export type Root =
  | { readonly kind: 'host' }
  | { readonly kind: 'directory'; readonly unsafePath: string }
  | {
      readonly kind: 'image';
      readonly rootfs: Extract<RootFs, { kind: 'image' }>;
      readonly defaults: RunDefaults;
      /** The upper directory of the kept sandbox, where users may have been added. */
      readonly changes?: string;
    };
