import { readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { errnoOf } from '../error.ts';

export interface Swept {
  readonly count: number;
  readonly bytes: number;
}

/** Counts what it removes. */
export class Sweep {
  count = 0;
  bytes = 0;

  /** Removes the files of a directory that are meant; a missing directory has none. */
  files(directory: string, isMeant: (name: string, stat: Stats, path: string) => boolean): this {
    for (const name of namesIn(directory)) {
      const path = `${directory}/${name}`;
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined || !stat.isFile() || !isMeant(name, stat, path)) continue;
      rmSync(path, { force: true });
      this.count += 1;
      this.bytes += stat.blocks * 512;
    }
    return this;
  }

  result(): Swept {
    return { count: this.count, bytes: this.bytes };
  }
}

/** A missing directory has none. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
