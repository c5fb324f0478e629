import { accessSync, constants } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import type { HostFacts, OverlaySupport } from '../host/facts.ts';
import { FUSE_PROGRAM, findFuseProgram } from '../host/fuse-program.ts';
import { MOST_LAYERS } from '../launch/operations.ts';
import { ownCommand } from '../linux/own-command.ts';
import type { StorageDriver } from '../plan/input.ts';
import type { Spec, StorageDriverName } from '../plan/spec.ts';
import { SandboxError } from './error.ts';

/**
 * Gives the storage driver for a spec: the one that is asked for, on the command line or in the configuration, else the best
 * that works here. That is tried once, in the store, and remembered. Throws a SandboxError where there is none that does.
 */
export async function storageDriver(spec: Spec, facts: HostFacts): Promise<StorageDriver> {
  if (spec.rootfs.kind === 'host') return driverOfHost(spec, facts);
  const wanted = spec.storageDriver ?? (await loadConfig(process.env)).storageDriver;
  const driver = wanted === undefined ? await bestDriver(facts) : namedDriver(wanted);
  const layers = spec.rootfs.kind === 'image' ? spec.rootfs.layers.length : 1;
  if (driver.kind !== 'copy' && layers > MOST_LAYERS) {
    throw new SandboxError('TOO_MANY_LAYERS', `the image has ${layers} layers, and an overlay takes ${MOST_LAYERS}`, {
      hint: 'use --storage-driver copy, or build the image with fewer layers',
    });
  }
  return driver;
}

/** Its ground is one overlay for each directory, over files whose owners exist in no namespace: neither can be copied. */
function driverOfHost({ storageDriver: wanted }: Spec, { overlay }: HostFacts): StorageDriver {
  if (wanted !== undefined && wanted !== 'native') {
    throw new SandboxError('NO_DRIVER', `the host's own system cannot be shown with the storage driver ${wanted}`, {
      hint: 'it needs native overlays: leave --storage-driver out, or use an image or --rootfs',
    });
  }
  if (overlay === undefined || overlay.kind === 'native') return { kind: 'native' };
  throw new SandboxError('NO_OVERLAY', `the host's own system needs native overlays: ${overlay.reason}`, {
    hint: '`sandbox doctor` says more; images and --rootfs can do without',
  });
}

async function bestDriver(facts: HostFacts): Promise<StorageDriver> {
  return facts.overlay === undefined ? await triedDriver() : driverFor(facts.overlay);
}

async function triedDriver(): Promise<StorageDriver> {
  const { tryOverlay } = await import('./trials.ts');
  const found = await tryOverlay();
  // Where not even namespaces can be made, what fails next says why.
  return found.kind === 'none' ? { kind: 'native' } : driverFor(found);
}

function driverFor(support: OverlaySupport): StorageDriver {
  switch (support.kind) {
    case 'native':
      return { kind: 'native' };
    case 'fuse':
      return { kind: 'fuse-overlayfs', program: support.program };
    case 'copy':
      return { kind: 'copy', helper: ownCommand('__copy') };
    case 'none':
      throw new SandboxError('NO_OVERLAY', `copy-on-write is not possible here: ${support.reason}`, {
        hint: '`sandbox doctor` says more',
      });
  }
}

function namedDriver(name: StorageDriverName): StorageDriver {
  if (name === 'native') return { kind: 'native' };
  if (name === 'copy') return { kind: 'copy', helper: ownCommand('__copy') };
  const program = findFuseProgram();
  if (program === undefined) {
    throw new SandboxError('NO_DRIVER', `the storage driver ${name} needs the program ${FUSE_PROGRAM}`, {
      hint: `install it, for example: sudo apt-get install ${FUSE_PROGRAM}`,
    });
  }
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new SandboxError('NO_DRIVER', `the storage driver ${name} needs /dev/fuse, which you may not open`, {
      hint: 'sudo modprobe fuse; sudo chmod 0666 /dev/fuse',
      cause,
    });
  }
  return { kind: 'fuse-overlayfs', program };
}
