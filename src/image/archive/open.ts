import { closeSync, openSync, read, type Stats, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { fsPath } from '../../linux/paths.ts';
import { errnoOf } from '../../store/error.ts';
import { ImageError } from '../error.ts';
import type { ArchiveContent } from './content.ts';
import { DirectoryContent } from './directory-content.ts';
import { ArchiveError, corrupt, invalidArchive } from './error.ts';
import { TarContent } from './tar-content.ts';

/** Where an archive comes from. */
export type ArchiveInput =
  /** A file or a directory of the host, as a byte string. */
  | { readonly kind: 'path'; readonly path: string }
  /** An open descriptor, read to its end. */
  | { readonly kind: 'descriptor'; readonly descriptor: number };

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that a compressed archive may have uncompressed. */
  readonly limit?: number | undefined;
}

const CHUNK = 1024 * 1024;

/**
 * Opens an archive: an OCI image layout in a directory, or a tar archive, gzip or zstd around it or not; what it is is
 * told by its content, not by its name. A tar archive is read altogether: its members are in the store then, aside.
 * Throws an ArchiveError where it cannot be read, an ImageError where it is none or is damaged, a StoreError.
 */
export async function openArchive(
  input: ArchiveInput,
  store: string,
  { signal = new AbortController().signal, limit = Number.POSITIVE_INFINITY }: OpenOptions = {},
): Promise<ArchiveContent> {
  if (input.kind === 'descriptor') {
    return await readTar(store, 'standard input', { file: input.descriptor, signal, limit });
  }
  const { path } = input;
  const shown = JSON.stringify(path);
  const stat = lookAt(path, shown);
  if (stat.isDirectory()) return openDirectory(store, path, shown);
  let file: number;
  try {
    file = openSync(fsPath(path), 'r');
  } catch (cause) {
    throw unreadable(shown, cause);
  }
  try {
    return await readTar(store, shown, { file, signal, limit });
  } finally {
    closeSync(file);
  }
}

function lookAt(path: string, shown: string): Stats {
  try {
    return statSync(fsPath(path));
  } catch (cause) {
    throw unreadable(shown, cause);
  }
}

function unreadable(shown: string, cause: unknown): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  const why = errno === 'ENOENT' ? 'there is no such file (ENOENT)' : errno;
  return new ArchiveError('INPUT', `${shown} cannot be read: ${why}`, { cause });
}

function openDirectory(store: string, path: string, shown: string): ArchiveContent {
  const content = new DirectoryContent(store, path);
  if (content.document('index.json') !== undefined) return content;
  if (content.document('version')?.toString().startsWith('Directory Transport Version')) {
    throw invalidArchive(
      shown,
      'it is a directory of `skopeo copy dir:`, which is not supported',
      `make a layout of it: skopeo copy dir:${path} oci:DIRECTORY:NAME`,
    );
  }
  throw invalidArchive(shown, 'it has no index.json', 'a directory must be an OCI image layout');
}

interface TarSource {
  readonly file: number;
  readonly signal: AbortSignal;
  readonly limit: number;
}

async function readTar(store: string, shown: string, source: TarSource): Promise<ArchiveContent> {
  try {
    return await TarContent.read(store, shown, decompressed(chunksOf(source), shown, source.limit));
  } catch (cause) {
    const errno = errnoOf(cause);
    const isOurs = cause instanceof Error && 'hint' in cause;
    if (isOurs || errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) throw cause;
    throw unreadable(shown, cause);
  }
}

const RETRY_MS = 5;

/** Not a stream: that would close the descriptor, which is the caller's. */
async function* chunksOf({ file, signal }: TarSource): AsyncGenerator<Buffer> {
  const readChunk = promisify(read);
  // Nobody may ever write to the other end of a pipe.
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  aborted.catch(() => {});
  for (;;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(CHUNK);
    try {
      const { bytesRead } = await Promise.race([readChunk(file, buffer, 0, CHUNK, null), aborted]);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    } catch (error) {
      // A pipe that another program made non-blocking.
      if (errnoOf(error) !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const LONGEST_MAGIC = 6;

/** What the first bytes say of formats that we do not read. */
const OTHERS: ReadonlyArray<readonly [magic: string, what: string, hint: string]> = [
  ['fd377a585a00', 'it is compressed with xz', 'decompress it: xz -dc FILE | sandbox load'],
  ['425a68', 'it is compressed with bzip2', 'decompress it: bzip2 -dc FILE | sandbox load'],
  ['504b0304', 'it is a zip archive', 'unpack it: it may hold an OCI image layout'],
];

/** RFC 1952 and RFC 8878 name the first bytes. */
async function* decompressed(source: AsyncIterable<Buffer>, shown: string, limit: number): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < LONGEST_MAGIC) {
    const next = await chunks.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  if (start.length === 0) throw invalidArchive(shown, 'it is empty');
  const hex = start.toString('hex', 0, LONGEST_MAGIC);
  for (const [magic, what, hint] of OTHERS) if (hex.startsWith(magic)) throw invalidArchive(shown, what, hint);
  const all = { [Symbol.asyncIterator]: () => chunks };
  const isGzip = hex.startsWith('1f8b');
  if (!isGzip && !hex.startsWith('28b52ffd')) {
    yield start;
    yield* all;
    return;
  }
  const [{ createGunzip, createZstdDecompress }, { pipeline, Readable }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
  ]);
  const stream = isGzip ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
  const compressed = async function* (): AsyncGenerator<Buffer> {
    yield start;
    yield* all;
  };
  pipeline(Readable.from(compressed(), { objectMode: false }), stream, () => {});
  try {
    let total = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > limit) throw tooLarge(shown, limit);
      yield chunk;
    }
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === undefined || !/^(?:Z_|ZSTD_)/.test(code)) throw cause;
    throw corrupt(shown, `its ${isGzip ? 'gzip' : 'zstd'} compression is damaged (${code})`, cause);
  } finally {
    stream.destroy();
  }
}

function tooLarge(shown: string, limit: number): ImageError {
  return new ImageError('INVALID', `${shown} has more than ${limit} bytes when it is decompressed`, {
    hint: 'if you trust it, decompress it yourself, or raise `unpack-limit` below [images] in config.toml',
  });
}
