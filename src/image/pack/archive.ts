import type { FileCalls, FileStatus } from '../../linux/file-calls.ts';
import { ImageError } from '../error.ts';
import { OPAQUE, WHITEOUT } from '../unpack/tree/unsafe-path.ts';
import { keptXattrs } from './attributes.ts';
import { unfit } from './failure.ts';
import { openFileBelow, readInto } from './open.ts';
import type { PackEntry } from './scan.ts';
import { BLOCK, entryHeader, type HeaderFields, paddingOf } from './tar-header.ts';

const CHUNK = 1024 * 1024;
const NO_LINK = { linkName: '', size: 0, xattrs: [] } as const;
const MARK: Omit<HeaderFields, 'name'> = { ...NO_LINK, type: '0', mode: 0, uid: 0, gid: 0, seconds: 0 };

export interface ArchiveOptions {
  readonly calls: FileCalls;
  /** Descriptor of the tree's root. */
  readonly root: number;
  /** Of the archive, bytes. */
  readonly limit: number;
}

/**
 * Gives the archive of a tree chunk by chunk, each good until the next is asked for; OCI image spec, layer.md. The same tree
 * gives the same bytes, whatever its inodes are and in which order its names are stored. Throws an ImageError.
 */
export function* archiveChunks(entries: readonly PackEntry[], options: ArchiveOptions): Generator<Buffer> {
  const { calls, root, limit } = options;
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  let filled = 0;
  let total = 0;
  const count = (path: string, size: number): void => {
    total += size;
    if (total > limit) throw tooLarge(path, limit);
  };
  const put = function* (bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + CHUNK - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === CHUNK) {
        yield buffer;
        filled = 0;
      }
    }
  };
  for (const entry of entries) {
    if (entry.kind !== 'file') {
      const header = entryHeader(fieldsOf(entry));
      count(entry.path, header.length);
      yield* put(header);
      continue;
    }
    const { path, status } = entry;
    const file = openFileBelow(calls, root, path, status);
    try {
      const xattrs = keptXattrs(calls, file, path);
      const header = entryHeader({ ...common(status), type: '0', name: path, linkName: '', size: status.size, xattrs });
      count(path, header.length + status.size + paddingOf(status.size));
      yield* put(header);
      for (let left = status.size; left > 0; ) {
        const size = readInto(file, buffer, filled, Math.min(CHUNK, filled + left), path);
        if (size === 0) throw unfit(path, 'it became shorter while it was read');
        left -= size;
        filled += size;
        if (filled === CHUNK) {
          yield buffer;
          filled = 0;
        }
      }
    } finally {
      calls.close(file);
    }
    yield* put(Buffer.alloc(paddingOf(status.size)));
  }
  yield* put(Buffer.alloc(2 * BLOCK));
  if (filled > 0) yield buffer.subarray(0, filled);
}

const common = ({ mode, uid, gid, seconds }: FileStatus) => ({ mode, uid, gid, seconds });

function fieldsOf(entry: Exclude<PackEntry, { kind: 'file' }>): HeaderFields {
  switch (entry.kind) {
    case 'directory': {
      const name = entry.path === '' ? './' : `${entry.path}/`;
      return { ...NO_LINK, ...common(entry.status), type: '5', name, xattrs: entry.xattrs };
    }
    case 'fifo':
      return { ...NO_LINK, ...common(entry.status), type: '6', name: entry.path };
    case 'symlink':
      return { ...NO_LINK, ...common(entry.status), type: '2', name: entry.path, linkName: entry.to };
    case 'hardlink':
      return { ...NO_LINK, ...common(entry.status), type: '1', name: entry.path, linkName: entry.to };
    case 'whiteout': {
      const name = entry.path.lastIndexOf('/') + 1;
      return { ...MARK, name: `${entry.path.slice(0, name)}${WHITEOUT}${entry.path.slice(name)}` };
    }
    case 'opaque':
      return { ...MARK, name: `${entry.path}/${OPAQUE}` };
  }
}

function tooLarge(path: string, limit: number): ImageError {
  const { message } = unfit(path, `with it the layer's archive has more than ${limit} bytes`);
  return new ImageError('PACK', message, { hint: 'the holes of sparse files count: an archive has none' });
}
