import { quoted, UsageError } from '../arguments/usage-error.ts';

interface RootOptions {
  readonly rootfs: string | undefined;
}

/** The first word is the image, the rest the command; with `--rootfs` there is no image, as in podman-run(1). */
export const IMAGE_RULE = {
  limit: (options: RootOptions): number => (options.rootfs === undefined ? 1 : 0),
  surplus: 'starts the rest',
} as const;

/** Throws UsageError for an image that there is not, and for an image besides `--rootfs`. */
export function expectOneRoot(input: {
  readonly options: RootOptions;
  readonly operands: readonly string[];
  readonly rest: readonly string[] | undefined;
}): void {
  const [image] = input.operands;
  if (image === undefined) return;
  if (image !== 'host') {
    // `run ls -l` and `run ls -- x` both read `ls` as an image; only the first looks like a forgotten `--`.
    throw new UsageError(`no image ${quoted(image)}: images from registries are not supported yet`, {
      hint:
        input.rest === undefined
          ? `if ${quoted(image)} is the command, put -- before it`
          : 'use host, or --rootfs DIR; if that was the command, put -- before it',
    });
  }
  if (input.options.rootfs !== undefined) {
    throw new UsageError('host and --rootfs: only one of them can be the root file system');
  }
}

/** Throws UsageError where no command was given. */
export function requiredCommand(rest: readonly string[] | undefined): readonly string[] {
  if (rest === undefined || rest.length === 0) throw new UsageError('no command given', { hint: 'write it after --' });
  if (rest[0] === '') throw new UsageError('expected a command, got ""');
  return rest;
}
