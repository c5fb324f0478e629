import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { answer, type Content, plainAnswer } from './content.ts';

/** How an answer goes wrong. Those with `after` send so many bytes of the body first. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string }
  /** 307 to another address, absolute or a path. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** The connection is reset: before any answer where `after` is left out. */
  | { readonly kind: 'reset'; readonly after?: number }
  /** The connection is closed in an orderly way in the middle of the body. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** A complete answer whose Content-Length is that of fewer bytes. */
  | { readonly kind: 'shorten'; readonly to: number }
  /** Nothing more comes, and the connection stays open. */
  | { readonly kind: 'stall'; readonly after?: number }
  /** One byte of the body is another. */
  | { readonly kind: 'corrupt'; readonly at: number }
  /** More bytes than the descriptor says; `announced`: with a Content-Length, otherwise in chunks. */
  | { readonly kind: 'surplus'; readonly bytes: number; readonly announced?: boolean }
  /** `bytes` every `milliseconds`. */
  | { readonly kind: 'slow'; readonly bytes: number; readonly milliseconds: number }
  /** Other headers beside the right body: a wrong Content-Range, Content-Type, Docker-Content-Digest. */
  | { readonly kind: 'headers'; readonly headers: OutgoingHttpHeaders; readonly status?: number }
  /** `Range` is not obeyed: 200 and the whole body. */
  | { readonly kind: 'whole' }
  /** Anything else. */
  | { readonly kind: 'answer'; readonly with: (message: IncomingMessage, response: ServerResponse) => void };

/** Whether the fault strikes before it is known what is asked for, or who asks. */
export function isEarly(fault: Fault): boolean {
  if (fault.kind === 'reset' || fault.kind === 'stall') return fault.after === undefined;
  return fault.kind === 'status' || fault.kind === 'redirect' || fault.kind === 'answer';
}

/** Answers a request with a fault that needs no content. */
export function strikeEarly(fault: Fault, message: IncomingMessage, response: ServerResponse): void {
  if (fault.kind === 'answer') fault.with(message, response);
  else if (fault.kind === 'status') answer(response, fault.status, fault.headers ?? {}, Buffer.from(fault.body ?? ''));
  else if (fault.kind === 'redirect') answer(response, fault.status ?? 307, { Location: fault.to }, Buffer.alloc(0));
  else if (fault.kind === 'reset') response.socket?.resetAndDestroy();
}

/** Answers a request for `content` with a fault. */
export function spoil(fault: Fault, message: IncomingMessage, response: ServerResponse, content: Content): void {
  const { status, headers, body } = plainAnswer(message, content, fault.kind !== 'whole');
  const head = (length: number = body.length, more: OutgoingHttpHeaders = {}): void => {
    response.writeHead(status, { 'Content-Length': length, ...headers, ...more });
  };
  const part = (bytes: number, then: () => void): void => {
    head();
    response.write(body.subarray(0, bytes), () => setImmediate(then));
  };
  switch (fault.kind) {
    case 'reset':
      // Waits for the bytes to be on their way: a reset throws away what the peer has not read.
      part(fault.after ?? 0, () => setTimeout(() => response.socket?.resetAndDestroy(), 50));
      break;
    case 'truncate':
      part(fault.after, () => response.socket?.end());
      break;
    case 'stall':
      part(fault.after ?? 0, () => {});
      break;
    case 'shorten':
      head(fault.to);
      response.end(body.subarray(0, fault.to));
      break;
    case 'corrupt': {
      const spoiled = Buffer.from(body);
      if (fault.at < spoiled.length) spoiled[fault.at] = (spoiled[fault.at] ?? 0) ^ 0xff;
      head();
      response.end(spoiled);
      break;
    }
    case 'surplus': {
      const longer = Buffer.concat([body, Buffer.alloc(fault.bytes, 'x')]);
      const length = fault.announced === true ? { 'Content-Length': longer.length } : {};
      response.writeHead(status, { ...headers, ...length });
      response.end(longer);
      break;
    }
    case 'slow': {
      head();
      const send = (at: number): void => {
        if (response.destroyed) return;
        if (at >= body.length) {
          response.end();
          return;
        }
        response.write(body.subarray(at, at + fault.bytes));
        setTimeout(send, fault.milliseconds, at + fault.bytes);
      };
      send(0);
      break;
    }
    case 'headers':
      response.writeHead(fault.status ?? status, { 'Content-Length': body.length, ...headers, ...fault.headers });
      response.end(message.method === 'HEAD' ? undefined : body);
      break;
    case 'whole':
      head();
      response.end(body);
      break;
    default:
      strikeEarly(fault, message, response);
  }
}
