import { mountOf, type Probe } from '../doctor/probe.ts';
import type { Explain } from './explanation.ts';
import { forbidden } from './namespaces.ts';

const ANOTHER_PLACE = 'put the store on a local file system (ext4, xfs, btrfs): set XDG_DATA_HOME to a directory there';
const MODULE = 'sudo modprobe overlay\necho overlay | sudo tee /etc/modules-load.d/overlay.conf';

/** File systems that overlayfs takes no upper directory on: no extended attributes, no whiteouts, or overlays themselves. */
function storeIsOn(host: Probe): string {
  const type = mountOf(host, host.nearest(host.store))?.fsType;
  return type === undefined ? 'the file system of the store' : `the file system of the store (${type})`;
}

/** A lower directory with mounts below it, which a user namespace must not uncover: clone_private_mount() in fs/namespace.c. */
function mountBelow(description: string, host: Probe): string | undefined {
  const [, target] = /^mount the overlay on (\/.*)$/.exec(description) ?? [];
  return target && host.mounts.find(({ mountPoint }) => mountPoint.startsWith(`${target}/`))?.mountPoint;
}

/** overlayfs says why only in the kernel's log; Documentation/filesystems/overlayfs.rst. */
export const explainOverlay: Explain = ({ description, errno }, host) => {
  switch (errno) {
    case 'ENODEV':
      return { cause: 'the kernel has no overlayfs', hint: MODULE };
    case 'EINVAL':
    case 'EOPNOTSUPP': {
      const below = mountBelow(description, host);
      if (below !== undefined) {
        return {
          cause: `something is mounted below it on the host: ${below}`,
          hint: 'a directory with mounts below it cannot be copied on write: use --workspace rw or ro, or unmount that',
        };
      }
      return {
        cause: `overlayfs refuses ${storeIsOn(host)} or one of the layers: it needs extended attributes and whiteouts, and no overlay below it`,
        hint: `${ANOTHER_PLACE}\nthe kernel says more: sudo dmesg`,
      };
    }
    case 'EPERM':
    case 'EACCES': {
      const { cause, hint } = forbidden(host);
      return {
        cause: `no permission to change ${storeIsOn(host)}, or ${cause}`,
        ...(hint === undefined ? {} : { hint: `${ANOTHER_PLACE}\n${hint}` }),
      };
    }
    case 'EBUSY':
      return {
        cause: 'its changes are in use by another sandbox, or by one whose processes have not ended',
        hint: '`sandbox ps` lists those that run',
      };
    case 'ESTALE':
      return {
        cause: 'its changes were made over another system, which is no longer there in this form',
        hint: 'save what you need and remove the sandbox: sandbox rm NAME',
      };
    case 'ENOENT':
    case 'ENOTDIR':
      return { cause: 'one of its layers has vanished', hint: 'try again: what the store lacks is made anew' };
    case 'ELOOP':
      return { cause: 'a layer is a symbolic link in a circle', hint: 'name the real directory' };
    default:
      return undefined;
  }
};
