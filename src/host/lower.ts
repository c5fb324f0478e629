/** Local file systems that are known to work as an overlay's lower layer with names compared byte by byte. */
// biome-ignore format: a table
const GOOD = new Set([
  'bcachefs', 'btrfs', 'erofs', 'ext2', 'ext3', 'ext4', 'f2fs', 'jfs', 'nilfs2', 'overlay', 'ramfs', 'reiserfs', 'rootfs',
  'squashfs', 'tmpfs', 'udf', 'xfs', 'zfs',
]);
const CASE_INSENSITIVE = new Set(['exfat', 'hfs', 'hfsplus', 'iso9660', 'msdos', 'ntfs', 'ntfs3', 'vfat']);
const NETWORK = new Set([
  '9p',
  'afs',
  'ceph',
  'cifs',
  'glusterfs',
  'lustre',
  'nfs',
  'nfs4',
  'orangefs',
  'smb3',
  'smbfs',
]);

/**
 * Takes the type of a file system (field 9 of mountinfo, proc(5)) and gives why it is not shown below an overlay, or
 * undefined when it can be. The kernel refuses those that automount or compare names themselves (ovl_dentry_weird in
 * fs/overlayfs/util.c); network and FUSE mounts are the user's own business and may hang.
 */
export function lowerProblem(fsType: string): string | undefined {
  if (GOOD.has(fsType)) return undefined;
  if (CASE_INSENSITIVE.has(fsType)) return `${fsType} compares names in its own way, which overlayfs refuses`;
  if (NETWORK.has(fsType)) return `${fsType} is a network file system`;
  if (fsType === 'fuse' || fsType === 'fuseblk' || fsType.startsWith('fuse.'))
    return `${fsType} is served by a program`;
  if (fsType === 'autofs') return 'autofs mounts what is asked for';
  return `${fsType} is not known to work below an overlay`;
}
