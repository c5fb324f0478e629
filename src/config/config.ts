import type { Capability } from '../linux/constants/capability.ts';
import type { GroupLimits } from '../linux/group-limits.ts';

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
  /** What is said of profiles, by name; every name that one extends is here or built in, and none extends itself. */
  readonly profiles: ReadonlyMap<string, ProfileSettings>;
  /** Directories, absolute or below `~/`, without a slash at the end, and the profile that counts in each. */
  readonly projects: ReadonlyMap<string, string>;
}

/** Profiles that are there without being configured. */
export const BUILT_IN_PROFILES = ['dev', 'strict'] as const;

/** What of the user's session can be shown inside. */
export const SESSION_PARTS = ['ssh-agent', 'gpg-agent', 'dbus', 'wayland', 'x11', 'audio', 'gpu'] as const;
export type SessionPart = (typeof SESSION_PARTS)[number];

/** What a profile says differently from the one that it extends. */
export interface ProfileSettings {
  /** The profile's own name: the built-in one of that name. */
  readonly parent: string;
  readonly network?: 'none' | 'host';
  readonly workspace?: 'rw' | 'ro' | 'cow' | 'none';
  readonly session?: 'shared' | 'own';
  readonly landlock?: boolean;
  readonly seccomp?:
    | { readonly kind: 'list'; readonly name: 'dev' | 'strict' }
    | { readonly kind: 'unconfined' }
    /** Absolute, or below `~/`. */
    | { readonly kind: 'file'; readonly path: string };
  readonly foreignCalls?: 'allowed' | 'refused';
  readonly userNamespaces?: 'allowed' | 'refused';
  readonly capAdd: readonly Capability[];
  readonly capDrop: readonly Capability[];
  readonly connectTcp?: readonly number[];
  readonly bindTcp?: readonly number[];
  /** As after `-e`. */
  readonly env: readonly string[];
  readonly limits: ProfileLimits;
  readonly parts: ReadonlyMap<SessionPart, boolean>;
}

/** Rates of devices are for options only. */
export type ProfileLimits = Omit<GroupLimits, 'deviceRates'>;

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

export const DEFAULT_CONFIG: Config = {
  registries: new Map(),
  aliases: new Map(),
  unpackLimit: 64 * GIB,
  profiles: new Map(),
  projects: new Map(),
};

const NO_SETTINGS: RegistrySettings = { mirrors: [], insecure: false };

export function settingsOf(config: Config, registry: string): RegistrySettings {
  return config.registries.get(registry) ?? NO_SETTINGS;
}
