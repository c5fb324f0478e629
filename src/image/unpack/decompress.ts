import type { Duplex } from 'node:stream';
import type { ZstdDecompress } from 'node:zlib';
import { ImageError } from '../error.ts';
import type { Compression } from '../model.ts';
import { letGo } from '../spent-buffers.ts';

/** What the pool's threads make at a time: large enough that handing it over costs nothing, small enough for the cache. */
const CHUNK = 256 * 1024;
/** What may wait to be taken, so that the pool works on while the taker does. */
const MOST_WAITING = 4 * CHUNK;

/**
 * Takes the pieces of a blob, each of which it needs until it asks for the next, and hands on those of what it holds, in order. zlib runs in the pool's threads: while `take` is at
 * work with one piece, the next one is made. Gives a promise that is fulfilled when all was taken. Rejects with an
 * ImageError where the data is damaged or cut off, and with whatever `take` or the source throw.
 */
export async function decompress(
  pieces: AsyncIterable<Buffer>,
  compression: Compression,
  take: (piece: Buffer) => void,
): Promise<void> {
  if (compression === 'none') {
    for await (const piece of pieces) take(piece);
    return;
  }
  const { createGunzip, createZstdDecompress } = await import('node:zlib');
  if (compression === 'gzip') await inflate(createGunzip({ chunkSize: CHUNK }), pieces, take);
  else await decompressFrames(() => createZstdDecompress({ chunkSize: CHUNK }), pieces, take);
}

/** A gzip blob may have several members: Node's stream goes on with the next one by itself. */
async function inflate(stream: Duplex, pieces: AsyncIterable<Buffer>, take: (piece: Buffer) => void): Promise<void> {
  const taken = takeAll(stream, take);
  // Whoever waits for the input must learn that the output failed.
  taken.catch((error: unknown) => stream.destroy(error as Error));
  try {
    for await (const piece of pieces) {
      if (stream.destroyed) break;
      await written(stream, piece);
    }
    stream.end();
    await taken;
  } catch (error) {
    stream.destroy();
    await taken.catch(() => {});
    throw error;
  }
}

/**
 * A zstd blob may have several frames (RFC 8878, 3), in which podman writes its seekable layers. Node's stream ends with the
 * first frame that ends in the middle of a piece, and drops the rest of it: another stream goes on there.
 */
async function decompressFrames(
  create: () => ZstdDecompress,
  pieces: AsyncIterable<Buffer>,
  take: (piece: Buffer) => void,
): Promise<void> {
  let stream: ZstdDecompress | undefined;
  let taken = Promise.resolve();
  try {
    for await (const piece of pieces) {
      for (let rest = piece; rest.length > 0; ) {
        if (stream === undefined) {
          stream = create();
          taken = takeAll(stream, take);
          taken.catch(() => {});
        }
        const before = stream.bytesWritten;
        await written(stream, rest);
        const used = stream.bytesWritten - before;
        rest = rest.subarray(used);
        if (rest.length === 0 && !stream.readableEnded) break;
        await taken;
        if (used === 0) throw damagedBlob(new Error('something follows its end'));
        stream = undefined;
      }
    }
    stream?.end();
    await taken;
  } catch (error) {
    stream?.destroy();
    await taken.catch(() => {});
    throw error;
  }
}

/** Fulfilled when a piece was decompressed, or no more is; what went wrong is told by takeAll. */
function written(stream: Duplex, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.write(piece, () => {
      stream.off('close', resolve);
      resolve();
    });
  });
}

/** Takes a piece a turn of the event loop: others get their turn, and the stream its next piece made. */
function takeAll(stream: Duplex, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting: Buffer[] = [];
    let size = 0;
    let ended = false;
    let scheduled = false;
    const turn = (): void => {
      scheduled = false;
      const piece = waiting.shift();
      if (piece !== undefined) {
        size -= piece.length;
        try {
          take(piece);
          letGo(piece.length);
        } catch (error) {
          waiting.length = 0;
          reject(error as Error);
          return;
        }
        if (size < MOST_WAITING && stream.isPaused()) stream.resume();
      }
      if (waiting.length > 0) schedule();
      else if (ended) resolve();
    };
    const schedule = (): void => {
      if (scheduled) return;
      scheduled = true;
      setImmediate(turn);
    };
    stream.on('data', (piece: Buffer) => {
      waiting.push(piece);
      size += piece.length;
      if (size >= MOST_WAITING) stream.pause();
      schedule();
    });
    stream.on('end', () => {
      ended = true;
      schedule();
    });
    stream.on('error', (error: Error) => reject(isDamage(error) ? damagedBlob(error) : error));
    stream.on('close', () => {
      if (!ended) reject(damagedBlob(new Error('it ends too early')));
    });
  });
}

/** zlib's and zstd's own errors have their codes' names: Z_DATA_ERROR, Z_BUF_ERROR, ZSTD_error_…. */
function isDamage(error: Error): boolean {
  return 'code' in error && /^(Z_|ZSTD_|ERR_ZSTD|ERR_BUFFER)/.test(String(error.code));
}

function damagedBlob(cause: Error): ImageError {
  return new ImageError('CORRUPT', `the layer cannot be decompressed: ${cause.message}`, {
    hint: 'the image was built or stored wrongly: whoever publishes it must build it anew',
    cause,
  });
}
