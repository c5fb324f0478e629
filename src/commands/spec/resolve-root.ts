import type { RootFs } from '../../plan/spec.ts';
import type { ImageWishes } from './find-image.ts';
import { ownStore } from './own-store.ts';
import type { Root, RootRequest } from './root.ts';

/** Gives the root file system that is asked for; an image is pulled where that is needed. `changes`: as of Root. */
export async function resolveRoot(request: RootRequest, wishes: ImageWishes, changes?: string): Promise<Root> {
  switch (request.kind) {
    case 'host':
    case 'directory':
      return request;
    case 'image': {
      const { imageRoot } = await import('./find-image.ts');
      return await imageRoot(request.unsafeName, wishes);
    }
    case 'kept':
      return await keptRootOf(request.rootfs, changes);
  }
}

async function keptRootOf(rootfs: RootFs, changes: string | undefined): Promise<Root> {
  if (rootfs.kind === 'host') return { kind: 'host' };
  if (rootfs.kind === 'directory') return { kind: 'directory', unsafePath: rootfs.path };
  const { defaultsOfKept } = await import('./find-image.ts');
  const defaults = defaultsOfKept(ownStore(), rootfs.manifest);
  return { kind: 'image', rootfs, defaults, ...(changes === undefined ? {} : { changes }) };
}
