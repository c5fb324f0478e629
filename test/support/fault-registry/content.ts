import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Bytes that are served, with the descriptor that belongs to them. */
export interface Content {
  readonly bytes: Buffer;
  readonly digest: `sha256:${string}`;
  readonly size: number;
  readonly mediaType: string;
}

export function contentFrom(bytes: Buffer, mediaType: string): Content {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;
  return { bytes, digest, size: bytes.length, mediaType };
}

export function answer(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: Buffer): void {
  response.writeHead(status, { 'Content-Length': body.length, ...headers });
  response.end(body);
}

/** `bytes=N-` or `bytes=N-M` of a request, if there is one. */
export function rangeOf(message: IncomingMessage, size: number): { from: number; to: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(message.headers.range ?? '');
  if (match === null) return undefined;
  return { from: Number(match[1]), to: match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1) };
}

/** Status, headers and bytes of an answer without faults. */
export function plainAnswer(
  message: IncomingMessage,
  content: Content,
  ranges: boolean,
): { status: number; headers: OutgoingHttpHeaders; body: Buffer } {
  const headers = {
    'Content-Type': content.mediaType,
    'Docker-Content-Digest': content.digest,
    'Docker-Distribution-Api-Version': 'registry/2.0',
  };
  const range = ranges ? rangeOf(message, content.size) : undefined;
  if (range === undefined) return { status: 200, headers, body: content.bytes };
  if (range.from >= content.size) {
    return { status: 416, headers: { 'Content-Range': `bytes */${content.size}` }, body: Buffer.alloc(0) };
  }
  const spread = { ...headers, 'Content-Range': `bytes ${range.from}-${range.to}/${content.size}` };
  return { status: 206, headers: spread, body: content.bytes.subarray(range.from, range.to + 1) };
}

export function sendContent(
  message: IncomingMessage,
  response: ServerResponse,
  content: Content,
  ranges: boolean,
): void {
  const { status, headers, body } = plainAnswer(message, content, ranges);
  response.writeHead(status, { 'Content-Length': body.length, ...headers });
  response.end(message.method === 'HEAD' ? undefined : body);
}
