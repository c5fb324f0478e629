import type { IncomingMessage } from 'node:http';
import { RequestFailure } from './failure.ts';
import { transportFailure } from './transport-failure.ts';

const MOST_EXPLANATION = 64 * 1024;

/** The answer's address, for messages. */
interface Origin {
  readonly host: string;
}

/** Reads a body of at most `most` bytes; `surplus` gives the error for a longer one, of which no more is read. */
export async function readBody(
  response: IncomingMessage,
  { host }: Origin,
  most: number,
  surplus: () => Error,
): Promise<Buffer> {
  if (Number(response.headers['content-length'] ?? 0) > most) {
    response.destroy();
    throw surplus();
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > most) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw transportFailure(error, host);
  }
  if (length > most) {
    response.destroy();
    throw surplus();
  }
  if (!response.complete) {
    throw new RequestFailure('REGISTRY', `${host}: the connection was broken off`, {
      again: 'yes',
      reason: 'ECONNRESET',
    });
  }
  return Buffer.concat(chunks);
}

/** Lets a body go that nobody wants: read, so that the connection can be used again, unless that may take long. */
export function discard(response: IncomingMessage): void {
  if (Number(response.headers['content-length'] ?? Number.NaN) <= MOST_EXPLANATION) response.resume();
  else response.destroy();
}

/** Reads the beginning of a body that only explains a failure; never fails. */
export async function readExplanation(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_EXPLANATION) break;
    }
  } catch {
    // What came must do.
  }
  return Buffer.concat(chunks).subarray(0, MOST_EXPLANATION);
}
