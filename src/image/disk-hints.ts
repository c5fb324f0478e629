/** What to do where the disk or the machine has no more to give, by errno; open(2), write(2). */
export const DISK_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk (or its inodes: `df -i`) is full: `sandbox gc` removes what nothing uses',
  EDQUOT: 'your disk quota is used up: `sandbox gc` removes what nothing uses',
  EMFILE: 'too many files are open: raise the limit (`ulimit -n`)',
  ENFILE: 'too many files are open on this machine',
  EROFS: 'the file system of the store is read-only',
};
