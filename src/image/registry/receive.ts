import type { IncomingMessage } from 'node:http';
import { letGo } from '../spent-buffers.ts';
import { RequestFailure } from './failure.ts';
import type { PartialBlob } from './partial-blob.ts';
import { transportFailure } from './transport-failure.ts';

/** Written at once, so that there are few writes; but nothing waits longer than MOST_DELAY to be seen. */
const BATCH = 512 * 1024;
const MOST_DELAY = 100;
/** No more than that waits to be written, and the number is below IOV_MAX. */
const MOST_WAITING = 2 * 1024 * 1024;
const MOST_CHUNKS = 512;

/**
 * Writes the body of an answer to the end of a blob while it comes. Not more than the blob may have: the connection is
 * closed at the first byte too many. Throws RequestFailures; then what came before is in the file.
 */
export async function receive(
  response: IncomingMessage,
  blob: PartialBlob,
  host: string,
  signal: AbortSignal,
): Promise<void> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let room = blob.descriptor.size - blob.length;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let surplus: RequestFailure | undefined;
  let failure: unknown;

  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (writing !== undefined || waiting.length === 0) return;
    const chunks = waiting;
    const bytes = waitingBytes;
    waiting = [];
    waitingBytes = 0;
    writing = blob.append(chunks).then(
      () => {
        writing = undefined;
        letGo(bytes);
        if (waitingBytes >= BATCH || waiting.length >= MOST_CHUNKS) write();
        response.resume();
      },
      (error: unknown) => {
        failure ??= error;
        response.destroy();
      },
    );
  };
  const take = (chunk: Buffer): void => {
    if (failure !== undefined || surplus !== undefined) return;
    if (chunk.length > room) {
      const { digest, size } = blob.descriptor;
      surplus = new RequestFailure('CORRUPT', `${host} sends more than the ${size} bytes of ${digest}`, {
        hint: 'the image is damaged in the registry; have it pushed again',
      });
      response.destroy();
      return;
    }
    room -= chunk.length;
    blob.hash(chunk);
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes >= BATCH || waiting.length >= MOST_CHUNKS) write();
    else timer ??= setTimeout(write, MOST_DELAY);
    if (waitingBytes >= MOST_WAITING || waiting.length >= 2 * MOST_CHUNKS) response.pause();
  };

  const ended = await new Promise<unknown>((resolve) => {
    // It broke off before anybody listened.
    if (response.destroyed) resolve(undefined);
    response.on('data', take);
    response.once('error', resolve);
    response.once('close', () => resolve(undefined));
  });
  clearTimeout(timer);
  while (writing !== undefined || (waiting.length > 0 && failure === undefined)) {
    write();
    await writing;
    if (failure !== undefined) break;
  }
  signal.throwIfAborted();
  if (failure !== undefined) throw failure;
  if (surplus !== undefined) throw surplus;
  if (ended !== undefined) throw transportFailure(ended, host);
  if (room > 0) {
    throw new RequestFailure('REGISTRY', `${host}: the connection ended ${room} bytes too early`, {
      again: 'yes',
      reason: 'ECONNRESET',
      hint: 'what was downloaded is kept for the next try',
    });
  }
}
