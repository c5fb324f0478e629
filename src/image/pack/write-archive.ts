import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { FileCalls } from '../../linux/file-calls.ts';
import { fsPath, toLatin1 } from '../../linux/paths.ts';
import { hashFor } from '../../store/digest.ts';
import { ImageError } from '../error.ts';
import { archiveChunks } from './archive.ts';
import { failedCall } from './failure.ts';
import type { Archived, ArchiveRequest } from './messages.ts';
import { scanTree } from './scan.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** RFC 8878: with a checksum of the content. Level 3 is the format's usual one. */
const ZSTD_LEVEL = 3;
const GZIP_LEVEL = 6;

/**
 * Writes the archive of a layer's tree to a new file: the same layer gives the same file. Throws an ImageError, CORRUPT where
 * the archive has another digest; an unfinished file is left then.
 */
export async function writeArchive(calls: FileCalls, request: ArchiveRequest): Promise<Archived> {
  const { tree, diffId, target, compression } = request;
  let root = -1;
  let file = -1;
  try {
    root = openSync(fsPath(tree), DIRECTORY);
    file = openSync(fsPath(target), 'wx', 0o600);
    const blob = hashFor('sha256:');
    let size = 0;
    const write = (bytes: Uint8Array): void => {
      blob.update(bytes);
      size += bytes.length;
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    };
    const archive = hashFor(diffId);
    const chunks = function* (): Generator<Buffer> {
      const options = { calls, root, limit: Number.POSITIVE_INFINITY };
      for (const chunk of archiveChunks(scanTree(calls, root), options)) {
        archive.update(chunk);
        // What waits in a stream must not change.
        yield compression === 'none' ? chunk : Buffer.from(chunk);
      }
    };
    if (compression === 'none') for (const chunk of chunks()) write(chunk);
    else await compress(chunks(), compression, write);
    if (!diffId.endsWith(`:${archive.digest('hex')}`)) {
      throw new ImageError('CORRUPT', `the layer ${diffId} is no longer what its digest says: ${tree}`, {
        hint: 'something has changed files of the store: remove what was built and build it again',
      });
    }
    return { digest: `sha256:${blob.digest('hex')}`, size };
  } catch (error) {
    throw failedCall(error, toLatin1(root < 0 ? tree : target), 'write an archive');
  } finally {
    for (const each of [root, file]) if (each >= 0) closeSync(each);
  }
}

async function compress(
  chunks: Iterable<Buffer>,
  compression: 'gzip' | 'zstd',
  write: (bytes: Uint8Array) => void,
): Promise<void> {
  const [zlib, { Readable }, { pipeline }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
    import('node:stream/promises'),
  ]);
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = zlib.constants;
  const stream =
    compression === 'gzip'
      ? zlib.createGzip({ level: GZIP_LEVEL })
      : zlib.createZstdCompress({ params: { [ZSTD_c_compressionLevel]: ZSTD_LEVEL, [ZSTD_c_checksumFlag]: 1 } });
  await pipeline(Readable.from(chunks, { objectMode: false }), stream, async (output: AsyncIterable<Buffer>) => {
    for await (const piece of output) write(piece);
  });
}
