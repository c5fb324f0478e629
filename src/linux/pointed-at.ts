/** An argument of a system call that points to text or to an address, and those that say how it is meant; syscalls(2). */
export type PointedAt =
  | {
      readonly kind: 'path';
      /** Number of the argument, from 0, as for the others. */
      readonly pointer: number;
      /** The directory that a relative path is meant from; without it the current one. */
      readonly directory?: number;
      /** The flags of open(2). */
      readonly flags?: number;
      /** What is asked: see Interest. */
      readonly interest: Interest;
    }
  | { readonly kind: 'address'; readonly pointer: number; readonly length: number; readonly interest: Interest };

/** `always`: files and addresses are asked for with it; `refused`: it is told apart only where it was refused. */
export type Interest = 'always' | 'refused';

const path = (pointer: number, more: { directory?: number; flags?: number } = {}): PointedAt => ({
  kind: 'path',
  pointer,
  ...more,
  interest: 'always',
});
const refusedPath = (pointer: number, directory?: number): PointedAt => ({
  kind: 'path',
  pointer,
  ...(directory === undefined ? {} : { directory }),
  interest: 'refused',
});

/** By name. Calls that an architecture does not have are in its table under no number. */
export const POINTED_AT: Readonly<Record<string, PointedAt>> = {
  open: path(0, { flags: 1 }),
  openat: path(1, { directory: 0, flags: 2 }),
  openat2: path(1, { directory: 0 }),
  creat: path(0),
  stat: path(0),
  lstat: path(0),
  newfstatat: path(1, { directory: 0 }),
  statx: path(1, { directory: 0 }),
  access: path(0),
  faccessat: path(1, { directory: 0 }),
  faccessat2: path(1, { directory: 0 }),
  readlink: path(0),
  readlinkat: path(1, { directory: 0 }),
  execve: path(0),
  execveat: path(1, { directory: 0 }),
  connect: { kind: 'address', pointer: 1, length: 2, interest: 'always' },
  bind: { kind: 'address', pointer: 1, length: 2, interest: 'always' },
  sendto: { kind: 'address', pointer: 4, length: 5, interest: 'always' },
  mount: refusedPath(1),
  umount2: refusedPath(0),
  pivot_root: refusedPath(0),
  chroot: refusedPath(0),
  swapon: refusedPath(0),
  swapoff: refusedPath(0),
  acct: refusedPath(0),
  quotactl: refusedPath(1),
  mknod: refusedPath(0),
  mknodat: refusedPath(1, 0),
  name_to_handle_at: refusedPath(1, 0),
  open_tree: refusedPath(1, 0),
  mount_setattr: refusedPath(1, 0),
};
