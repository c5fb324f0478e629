/** As the plan names them: StorageDriverName. */
export const STORAGE_DRIVERS = ['native', 'fuse-overlayfs', 'copy'] as const;

/** What the user's configuration file says; docs/configuration.md. */
export interface Config {
  /** By the registry's name. */
  readonly registries: ReadonlyMap<string, RegistrySettings>;
  /** Short names and the `REGISTRY/REPOSITORY` that each stands for. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Bytes that one layer may have when it is unpacked. */
  readonly unpackLimit: number;
  /** How copy-on-write is made for images and `--rootfs`; undefined: the best that works. */
  readonly storageDriver?: (typeof STORAGE_DRIVERS)[number];
}

export interface RegistrySettings {
  /** Asked before the registry itself, in order. */
  readonly mirrors: readonly Mirror[];
  /** Certificates are not verified, and plain http is tried too. */
  readonly insecure: boolean;
  /** Absolute path of certificates (PEM) that are trusted for this registry, beside the usual ones. */
  readonly certificates?: string;
}

export interface Mirror {
  readonly registry: string;
  /** What stands before the repository's path there: empty, or ends with a slash. */
  readonly prefix: string;
}

/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const GIB = 2 ** 30;

export const DEFAULT_CONFIG: Config = { registries: new Map(), aliases: new Map(), unpackLimit: 64 * GIB };

const NO_SETTINGS: RegistrySettings = { mirrors: [], insecure: false };

export function settingsOf(config: Config, registry: string): RegistrySettings {
  return config.registries.get(registry) ?? NO_SETTINGS;
}
