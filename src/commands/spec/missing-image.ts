import { ImageError, type ImageErrorCode } from '../../image/error.ts';

/** That no image is called so: registries that hide what is private also deny what is not there, and some do not answer. */
const CODES: readonly ImageErrorCode[] = ['NO_IMAGE', 'DENIED', 'REFERENCE', 'REGISTRY'];

/** A word that may also be something else than an image: a command, or a sandbox's name. */
const WORD = /^[a-zA-Z0-9_.-]+$/;

/**
 * Gives the error that a word which was taken for an image led to, with a hint more of what else it may have been; any other
 * error as it is.
 */
export function withHint(error: unknown, unsafeName: string, hint: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !WORD.test(unsafeName)) return error;
  const code = CODES.find((each) => each === error.code);
  if (code === undefined) return error;
  const own = 'hint' in error && typeof error.hint === 'string' ? `${error.hint}\n` : '';
  return new ImageError(code, error.message, { hint: own + hint, cause: error.cause });
}
