import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { parsePatterns } from '../../../project/patterns.ts';

/** Nothing that people edit, and what commands write themselves: watched only where a pattern names them. */
const IGNORED = ['.git', '.hg', '.svn', '.sandbox', 'node_modules', '__pycache__'];
/** What editors put beside a file while it is open: vim, emacs. */
const OF_EDITORS = /~$|^\.?#|^\..*\.sw[a-z]$|^4913$/;
/** Editors and checkouts change several files in a row. */
const QUIET_MS = 100;
/** Where the kernel has no watches left (/proc/sys/fs/inotify) it is looked at this often. */
const POLL_MS = 1000;

export interface FileWatch extends Disposable {
  /** Fulfilled with the path of the first file that has changed, relative to the directory, when no other follows it for a moment. */
  readonly changed: Promise<string>;
}

/**
 * Watches the files of a directory that patterns mean, those that are not there yet too: inotify(7), a watch for each
 * directory. Not fs.watch's own recursion, which takes a watch for each file, those of node_modules too.
 */
export function watchFiles(root: string, patterns: readonly string[]): FileWatch {
  const { matches: isMeant, mayMatchBelow } = parsePatterns(patterns);
  const matches = (path: string): boolean => isMeant(path) && !OF_EDITORS.test(path.slice(path.lastIndexOf('/') + 1));
  const isIgnored = (name: string): boolean =>
    IGNORED.includes(name) && !patterns.some((pattern) => pattern.split('/').includes(name));
  const watchers = new Map<string, FSWatcher>();
  const changed = Promise.withResolvers<string>();
  let first: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;

  const tell = (path: string): void => {
    const what = first ?? path;
    first = what;
    clearTimeout(timer);
    timer = setTimeout(() => changed.resolve(what), QUIET_MS);
  };
  const isWatched = (directory: string): boolean =>
    directory === '' || (mayMatchBelow(directory) && !directory.split('/').some(isIgnored));

  /** Gives what of a directory, and of those below, matches, with what would tell a change; each directory is told to `enter`. */
  const listed = (directory: string, enter: (directory: string) => void): Map<string, string> => {
    const found = new Map<string, string>();
    const pending = [directory];
    for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
      if (!isWatched(current)) continue;
      enter(current);
      for (const entry of namesIn(`${root}/${current}`)) {
        const path = current === '' ? entry.name : `${current}/${entry.name}`;
        if (entry.isDirectory()) pending.push(path);
        else if (matches(path)) found.set(path, stateOf(`${root}/${path}`));
      }
    }
    return found;
  };
  const startPolling = (): void => {
    if (poll !== undefined) return;
    let before = listed('', () => {});
    poll = setInterval(() => {
      const now = listed('', () => {});
      const path =
        [...now].find(([each, state]) => before.get(each) !== state)?.[0] ??
        [...before.keys()].find((each) => !now.has(each));
      before = now;
      if (path !== undefined) tell(path);
    }, POLL_MS);
  };
  const enter = (directory: string): void => {
    if (watchers.has(directory) || poll !== undefined) return;
    try {
      const watcher = watch(`${root}/${directory}`, (event, name) => {
        if (name === null) return;
        const path = directory === '' ? name : `${directory}/${name}`;
        const about = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
        const had = watchers.has(path);
        if (event === 'rename') leave(path);
        if (about?.isDirectory()) {
          // Perhaps another one than before; what was put into it before it was watched counts as well.
          if (event === 'rename') for (const each of listed(path, enter).keys()) tell(each);
        } else if (had || matches(path)) tell(path);
      });
      watcher.on('error', startPolling);
      watchers.set(directory, watcher);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOENT' && code !== 'EACCES') startPolling();
    }
  };
  const leave = (gone: string): void => {
    for (const [directory, watcher] of watchers) {
      if (directory !== gone && !directory.startsWith(`${gone}/`)) continue;
      watcher.close();
      watchers.delete(directory);
    }
  };

  listed('', enter);
  return {
    changed: changed.promise,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      clearInterval(poll);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function namesIn(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // Gone by now, or not for us to read.
    return [];
  }
}

function stateOf(path: string): string {
  const about = lstatSync(path, { throwIfNoEntry: false });
  return about === undefined ? '' : `${about.ino} ${about.size} ${about.mtimeMs} ${about.ctimeMs}`;
}
