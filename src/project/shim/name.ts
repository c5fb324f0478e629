import { ProjectError } from '../error.ts';

/** A file's name that every shell takes as it is, and that says nothing to programs which take options. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,99}$/;

/** Takes the name of a program that is to have a shim. Throws a ProjectError. */
export function parseShimName(unsafeName: string): string {
  if (NAME.test(unsafeName) && unsafeName !== 'sandbox') return unsafeName;
  throw new ProjectError('SHIM', `${JSON.stringify(unsafeName)} cannot be the name of a shim`, {
    hint:
      unsafeName === 'sandbox'
        ? 'it would hide this program'
        : 'it is the plain name of a program, which is looked up in the environment: letters, digits and _ . + @ -',
  });
}
