import { toLatin1 } from '../linux/paths.ts';
import type { Part } from './model.ts';
import { calls, ENOENT, openTop, TreeFailure } from './tree.ts';

/** A part with its directories open: O_PATH descriptors. */
export interface OpenPart {
  readonly part: Part;
  readonly upper: number;
  /** As `lowers` of the part; those that are gone are left out. */
  readonly lowers: readonly number[];
  /** Undefined: nothing of it can be applied. */
  readonly host?: number;
}

function openIfThere(path: string): number {
  try {
    return openTop(path);
  } catch (error) {
    if (error instanceof TreeFailure) return ENOENT;
    throw error;
  }
}

/** Opens parts, does work with them and closes them. Parts without an upper directory have no changes. */
export function withParts<T>(parts: readonly Part[], work: (open: readonly OpenPart[]) => T): T {
  const descriptors: number[] = [];
  const keep = (descriptor: number): number => {
    if (descriptor >= 0) descriptors.push(descriptor);
    return descriptor;
  };
  try {
    const open = parts.flatMap((part): OpenPart[] => {
      const upper = keep(openIfThere(part.upper));
      if (upper < 0) return [];
      const lowers = part.lowers.map((path) => keep(openIfThere(path))).filter((descriptor) => descriptor >= 0);
      if (part.host === undefined) return [{ part, upper, lowers }];
      // The workspace itself must be there, and no link by now; of the system's directories one may be gone.
      const host = keep(part.place === '' ? openTop(part.host) : openIfThere(part.host));
      return [{ part, upper, lowers, ...(host < 0 ? {} : { host }) }];
    });
    return work(open);
  } finally {
    for (const descriptor of descriptors) calls().files.close(descriptor);
  }
}

/** A place that the program made itself, to mount on. Takes a relative path of Latin-1 characters. */
export function isOwnPlace({ ownPlaces }: Part, path: string): boolean {
  return ownPlaces.some((place) => {
    const own = toLatin1(place);
    return own === path || own.startsWith(`${path}/`);
  });
}
