import type { RootFs } from '../../plan/spec.ts';

/** What accounts have that nobody is to log in to. */
const NO_SHELL = /\/(?:nologin|false|true|sync|halt|shutdown)$/;

/** Takes the root file system and the user's login shell; gives what `shell` runs when no command is given. */
export function defaultShell(rootfs: RootFs, loginShell: string | undefined): string[] {
  if (rootfs.kind === 'directory' || !loginShell?.startsWith('/') || NO_SHELL.test(loginShell)) return ['/bin/sh'];
  return [loginShell];
}
