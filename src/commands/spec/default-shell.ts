import type { RootFs } from '../../plan/spec.ts';

/** Takes the root file system and the user's login shell; gives what `shell` runs when no command is given. */
export function defaultShell(rootfs: RootFs, loginShell: string | undefined): string[] {
  if (rootfs.kind === 'host' && loginShell?.startsWith('/')) return [loginShell];
  return ['/bin/sh'];
}
