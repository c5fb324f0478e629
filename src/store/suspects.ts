import { statSync } from 'node:fs';
import { listShelf, runningInit, type SandboxDirectoryEntry } from './sandbox-directory.ts';

/** How long a sandbox that is being made may look like garbage: it has no init yet. Milliseconds. */
const YOUNG = 10_000;

/** Runs whose command has ended without their directory being removed: a monitor that was killed leaves that. */
export function suspects(store: string, now = Date.now()): SandboxDirectoryEntry[] {
  return listShelf(store, 'runs').filter(({ path }) => {
    const made = statSync(path, { throwIfNoEntry: false });
    return made !== undefined && now - made.mtimeMs > (hasPid(path) ? 0 : YOUNG) && runningInit(path) === undefined;
  });
}

const hasPid = (path: string): boolean => statSync(`${path}/pid`, { throwIfNoEntry: false }) !== undefined;
