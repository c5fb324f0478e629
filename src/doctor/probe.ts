import type { OverlaySupport } from '../host/facts.ts';

/** One mount, with its options: 'nosuid', 'noexec' … */
export interface ProbeMount {
  readonly mountPoint: string;
  readonly fsType: string;
  readonly options: readonly string[];
}

/** Room on a file system. */
export interface Space {
  readonly freeBytes: number;
  /** Undefined where the file system makes inodes as needed (btrfs). */
  readonly freeInodes: number | undefined;
}

/** What came of trying to make a user namespace and to mount something in it; `errno` by name. */
export type NamespaceTry = { readonly ok: true } | { readonly ok: false; readonly errno: string };

/** Everything the checks may ask of the host: data in tests, host-probe.ts in life. */
export interface Probe {
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly home: string;
  /** uname(2)'s release. */
  readonly release: string;
  /** The program that runs, as an absolute path without symbolic links. */
  readonly executable: string;
  readonly store: string;
  readonly mounts: readonly ProbeMount[];
  readonly env: (name: string) => string | undefined;
  /** Content of a file, undefined where it cannot be read. */
  readonly read: (path: string) => string | undefined;
  readonly exists: (path: string) => boolean;
  /** access(2) with W_OK. */
  readonly writable: (path: string) => boolean;
  /** The path, or its deepest existing parent. */
  readonly nearest: (path: string) => string;
  readonly space: (path: string) => Space | undefined;
  readonly findProgram: (name: string) => string | undefined;
  /** Version of the kernel's Landlock interface (its ABI); undefined: it has none. Loads koffi: not for failed starts. */
  readonly landlockVersion?: () => Promise<number | undefined>;
  /**
   * Makes a user namespace with the launcher, maps the own id and mounts a tmpfs: a namespace alone proves little,
   * because AppArmor lets it be made and then takes all capabilities away.
   */
  readonly tryUserNamespace?: () => Promise<NamespaceTry>;
  /** Mounts an overlay in the store, in a user namespace. */
  readonly probeOverlay?: () => Promise<OverlaySupport>;
}

/** Takes a file of one number (a sysctl) and gives it; undefined where it is missing or no number. */
export function readNumber(probe: Probe, path: string): number | undefined {
  const text = probe.read(path)?.trim();
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Gives a field of /proc/self/status (proc_pid_status(5)), undefined where there is none. */
export function statusField(probe: Probe, name: string): string | undefined {
  const line = probe
    .read('/proc/self/status')
    ?.split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

/** Gives the mount that a path is on: the deepest above it, of stacked ones the last. */
export function mountOf(probe: Probe, path: string): ProbeMount | undefined {
  let best: ProbeMount | undefined;
  for (const mount of probe.mounts) {
    const { mountPoint } = mount;
    const covers = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (covers && (best === undefined || mountPoint.length >= best.mountPoint.length)) best = mount;
  }
  return best;
}
