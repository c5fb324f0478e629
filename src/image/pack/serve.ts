import { closeSync, constants, openSync, renameSync, unlinkSync } from 'node:fs';
import { FileCalls } from '../../linux/file-calls.ts';
import { fsPath, toLatin1 } from '../../linux/paths.ts';
import { hashFor } from '../../store/digest.ts';
import { ImageError } from '../error.ts';
import { Lines } from '../unpack/messages.ts';
import { archiveChunks } from './archive.ts';
import { compareTrees } from './compare.ts';
import { failedCall } from './failure.ts';
import {
  type CompareRequest,
  type Comparison,
  type Failure,
  parseMessage,
  type Reply,
  type Request,
  type Sealed,
  type SealRequest,
} from './messages.ts';
import { scanTree } from './scan.ts';
import { sealTree } from './seal-tree.ts';
import { writeArchive } from './write-archive.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Does what the other process asks for on standard input, one request after the other, and answers on standard output, until the
 * input ends: whoever asked is gone then, and so is all use of the answers. Runs as root of a user namespace.
 */
export function serveSealing(): void {
  // Whiteouts are made as they are to be.
  process.umask(0);
  const calls = new FileCalls();
  const lines = new Lines();
  let last = Promise.resolve();
  const accept = (request: Request): void => {
    last = last.then(async () => {
      if (request.kind === 'sync') sync(calls, request.paths);
      else reply(await answer(calls, request));
    });
  };
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    for (const line of lines.add(text)) accept(parseMessage<Request>(line));
  });
  process.stdin.on('end', () => process.exit(0));
  // Nobody reads answers any more; the end of the input says the same.
  process.stdout.on('error', () => {});
}

async function answer(calls: FileCalls, request: Exclude<Request, { kind: 'sync' }>): Promise<Reply> {
  const { id } = request;
  try {
    switch (request.kind) {
      case 'seal':
        return { kind: 'sealed', id, ...seal(calls, request) };
      case 'archive':
        return { kind: 'archived', id, ...(await writeArchive(calls, request)) };
      case 'compare':
        return { kind: 'compared', id, ...compare(calls, request) };
    }
  } catch (error) {
    return { kind: 'failed', id, failure: failureOf(error) };
  }
}

/** Makes a layer of an upper directory. Throws an ImageError. */
export function seal(calls: FileCalls, request: SealRequest): Sealed {
  const { upper, target, epoch, limit } = request;
  try {
    renameSync(fsPath(upper), fsPath(target));
  } catch (error) {
    throw failedCall(error, toLatin1(upper), 'move the upper directory');
  }
  return withDirectories([target, ...request.lowers], ([root = -1, ...lowers]) => {
    const ownPlaces = request.ownPlaces.map(toLatin1);
    sealTree(root, { calls, lowers, ownPlaces, epoch });
    const entries = scanTree(calls, root);
    const hash = hashFor('sha256:');
    let bytes = 0;
    for (const chunk of archiveChunks(entries, { calls, root, limit })) {
      bytes += chunk.length;
      hash.update(chunk);
    }
    return { diffId: `sha256:${hash.digest('hex')}`, bytes, entries: entries.length };
  });
}

function compare(calls: FileCalls, { a, b }: CompareRequest): Comparison {
  return withDirectories([a, b], ([first = -1, second = -1]) => compareTrees(calls, first, second));
}

/** Opens absolute directories (byte strings) of the store for as long as the work takes. */
function withDirectories<T>(paths: readonly string[], work: (open: number[]) => T): T {
  const open: number[] = [];
  try {
    for (const path of paths) {
      try {
        open.push(openSync(fsPath(path), DIRECTORY));
      } catch (error) {
        throw failedCall(error, toLatin1(path), 'open a tree');
      }
    }
    return work(open);
  } finally {
    for (const each of open) closeSync(each);
  }
}

/** The other process has gone by now: what fails stays marked as not synced, and a later start finds it so. */
function sync(calls: FileCalls, paths: readonly string[]): never {
  const isWritten = paths.some((path) => {
    try {
      const descriptor = openSync(fsPath(path), 'r');
      const result = calls.syncfs(descriptor);
      closeSync(descriptor);
      // One call writes the whole file system, and all of them lie on it.
      return result >= 0;
    } catch {
      return false;
    }
  });
  for (const path of isWritten ? paths : []) {
    try {
      unlinkSync(fsPath(path));
    } catch {
      // It was removed with its layer.
    }
  }
  process.exit(0);
}

function reply(message: Reply): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function failureOf(error: unknown): Failure {
  const isOurs = error instanceof ImageError;
  const message = error instanceof Error ? error.message : String(error);
  const hint = isOurs && error.hint !== undefined ? { hint: error.hint } : {};
  const code = isOurs && error.code === 'CORRUPT' ? 'CORRUPT' : 'PACK';
  return { code, message: isOurs ? message : `no layer can be made: ${message}`, ...hint };
}
