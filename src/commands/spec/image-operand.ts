import { UsageError } from '../arguments/usage-error.ts';
import type { RootRequest } from './root.ts';

interface RootOptions {
  readonly rootfs: string | undefined;
  readonly entrypoint: readonly string[] | undefined;
}

/** The image that is the system of this machine. */
export const HOST_IMAGE = 'host';

/** The first word is the image, the rest the command; with `--rootfs` there is no image, as in podman-run(1). */
export const IMAGE_RULE = {
  limit: (options: Pick<RootOptions, 'rootfs'>): number => (options.rootfs === undefined ? 1 : 0),
  surplus: 'starts the rest',
} as const;

interface RunInput {
  readonly options: RootOptions;
  readonly operands: readonly string[];
  readonly rest: readonly string[] | undefined;
}

/** Gives the root file system that a command line of `run` asks for. Throws UsageError for an image besides `--rootfs`. */
export function rootOf({ options, operands: [image] }: RunInput): RootRequest {
  if (options.rootfs !== undefined) {
    if (image === undefined) return { kind: 'directory', unsafePath: options.rootfs };
    throw new UsageError(`${image} and --rootfs: only one of them can be the root file system`);
  }
  return image === undefined || image === HOST_IMAGE ? { kind: 'host' } : { kind: 'image', unsafeName: image };
}

/** Gives the command. Throws UsageError where none was given, unless the root has one of its own, as images have. */
export function commandOf({ options, rest }: RunInput, root: RootRequest): readonly string[] | undefined {
  if (rest?.[0] === '') throw new UsageError('expected a command, got ""');
  if (rest?.length || root.kind === 'image' || options.entrypoint?.length) return rest;
  throw new UsageError('no command given', { hint: 'write it after --' });
}
