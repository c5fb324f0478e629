import { hostArch } from '../../../linux/arch.ts';
import { OPEN, RESOLVE } from '../../../linux/constants/open.ts';
import type { FileCalls } from '../../../linux/file-calls.ts';
import { must } from './failure.ts';

const FLAGS = OPEN[hostArch()];
const READ = FLAGS.O_RDONLY | FLAGS.O_DIRECTORY | FLAGS.O_NOFOLLOW | FLAGS.O_CLOEXEC;
const CONFINED = RESOLVE.RESOLVE_BENEATH | RESOLVE.RESOLVE_NO_SYMLINKS | RESOLVE.RESOLVE_NO_MAGICLINKS;

/** What a directory gets when everything is in it. */
interface Finish {
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Where mkdir(2) alone did not set it: special bits, and directories that were there before. */
  readonly mode: number | undefined;
}

/** Times of directories change with each entry that is made in them: they are remembered, and set at the end. */
export class DirectoryTimes {
  /** By where the directory really is; '' is the root. */
  readonly #finishes = new Map<string, Finish>();

  set(real: string, finish: Finish): void {
    this.#finishes.set(real, finish);
  }

  /** A directory that was removed meanwhile, or is something else now, is passed over. */
  apply(calls: FileCalls, root: number): void {
    for (const [real, { seconds, nanoseconds, mode }] of this.#finishes) {
      const descriptor = real === '' ? root : calls.openat2(root, real, READ, CONFINED);
      if (descriptor < 0) continue;
      try {
        if (mode !== undefined) must(calls.fchmod(descriptor, mode), real, 'set its mode');
        must(calls.futimens(descriptor, seconds, nanoseconds), real, 'set its time');
      } finally {
        if (real !== '') calls.close(descriptor);
      }
    }
  }
}
