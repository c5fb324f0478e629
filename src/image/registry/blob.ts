import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { ImageError } from '../error.ts';
import type { Descriptor } from '../model.ts';
import type { Connection } from './connection.ts';
import { RequestFailure } from './failure.ts';
import { discard } from './limited-body.ts';
import { PartialBlob } from './partial-blob.ts';
import { receive } from './receive.ts';
import type { DownloadOptions } from './repository.ts';
import { waitAfter } from './retry.ts';
import { fromAny, type Source } from './source.ts';

/** A connection that brought so much was worth it: the count of failures begins anew. */
const PROGRESS = 1024 * 1024;

/**
 * Downloads a blob into the file at `path` and verifies its size and digest. What the file already holds is kept and the
 * rest asked for; a download that breaks off goes on where it stopped, with the next mirror or the registry if need be.
 * After success the file holds the blob (not yet fsynced). On a digest mismatch the file is removed and the error is an
 * ImageError 'CORRUPT'; other errors leave what is there for the next try.
 */
export async function downloadBlob(source: Source, descriptor: Descriptor, options: DownloadOptions): Promise<void> {
  const file = await openPartial(options.path);
  try {
    const blob = await PartialBlob.open(file, descriptor, options);
    const resumed = blob.length > 0;
    const contributors = await fill(source, blob, options.signal);
    if (blob.isRight()) return;
    // A part from another time or place may be what is damaged: each place may send the whole, but for one that just did.
    const culprit = resumed || contributors.length > 1 ? undefined : contributors[0];
    for (const connection of source.connections) {
      if (connection === culprit) continue;
      await blob.reset();
      if (await fillAlone(source, connection, blob, options.signal)) return;
    }
    await unlink(options.path);
    throw new ImageError('CORRUPT', `the blob ${descriptor.digest} came damaged: its digest is another one`, {
      hint: 'try again; if it stays so, the image is damaged in the registry',
    });
  } finally {
    await file.close();
  }
}

async function openPartial(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (cause) {
    throw new ImageError('UNPACK', `the download ${path} cannot be written`, { cause });
  }
}

/** Downloads until the blob has all its bytes; gives the connections that they came by. */
async function fill(source: Source, blob: PartialBlob, signal: AbortSignal): Promise<Connection[]> {
  const contributors: Connection[] = [];
  await fromAny(source, signal, async (connection, tries) => {
    const before = blob.length;
    try {
      await fillFrom(connection, blob, { ...source, tries, signal });
    } finally {
      if (blob.length !== before) contributors.push(connection);
    }
  });
  return contributors;
}

/** Whether one connection gives the whole blob. */
async function fillAlone(
  source: Source,
  connection: Connection,
  blob: PartialBlob,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await fill({ ...source, connections: [connection] }, blob, signal);
    return blob.isRight();
  } catch (error) {
    if (error instanceof RequestFailure) return false;
    throw error;
  }
}

async function fillFrom(
  connection: Connection,
  blob: PartialBlob,
  options: Pick<Source, 'pace' | 'onWait'> & { readonly tries: number; readonly signal: AbortSignal },
): Promise<void> {
  let failures = 0;
  while (!blob.isComplete()) {
    const before = blob.length;
    try {
      await request(connection, blob, options.signal);
    } catch (error) {
      failures = blob.length - before >= PROGRESS ? 1 : failures + 1;
      await waitAfter(error, failures, options);
    }
  }
}

/** Asks once for what is missing and writes what comes. */
async function request(connection: Connection, blob: PartialBlob, signal: AbortSignal): Promise<void> {
  const { descriptor, length } = blob;
  const response = await connection.request({
    method: 'GET',
    path: `${connection.endpoint.repository}/blobs/${descriptor.digest}`,
    headers: length > 0 ? { Range: `bytes=${length}-` } : {},
    signal,
    thing: descriptor.digest,
    kind: 'blob',
    expected: length > 0 ? [200, 206, 416] : [200],
  });
  try {
    if (response.statusCode === 416) {
      discard(response);
      // What is here is no part of what is there.
      await blob.reset();
      return;
    }
    // A registry without ranges sends everything.
    if (response.statusCode === 200 && length > 0) await blob.reset();
    checkExtent(response, blob, connection.endpoint.host);
    await receive(response, blob, connection.endpoint.host, signal);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

/** The bytes that an answer announces must be those that were asked for; RFC 9110, section 14.4. */
function checkExtent(response: IncomingMessage, { descriptor, length }: PartialBlob, host: string): void {
  const { size, digest } = descriptor;
  if (response.statusCode === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
    const [, from, to, whole] = range ?? [];
    const fits = Number(from) === length && Number(to) < size && (whole === '*' || Number(whole) === size);
    if (!fits) {
      throw new RequestFailure('REGISTRY', `${host} sends another part of ${digest} than it was asked for`, {
        hint: 'its Content-Range is wrong: a cache or proxy before it may be broken',
      });
    }
    return;
  }
  const announced = response.headers['content-length'];
  if (announced === undefined || Number(announced) === size) return;
  throw new RequestFailure('CORRUPT', `${host} has ${announced} bytes as ${digest}, and the manifest says ${size}`, {
    hint: 'the image is damaged in the registry; have it pushed again',
  });
}
