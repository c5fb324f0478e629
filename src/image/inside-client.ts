import type { RunningLauncher } from '../launch/run.ts';
import { ImageError, type ImageErrorCode } from './error.ts';
import { Lines } from './unpack/messages.ts';

interface NumberedReply {
  readonly kind: string;
  readonly id: number;
}

/** An error on its way between the processes. */
interface FailedReply extends NumberedReply {
  readonly kind: 'failed';
  readonly failure: { readonly code: ImageErrorCode; readonly message: string; readonly hint?: string };
}

interface Waiting<Reply> {
  readonly resolve: (reply: Exclude<Reply, { readonly kind: 'failed' }>) => void;
  readonly reject: (error: Error) => void;
  /** Told of replies that are not the last one. */
  readonly onProgress: ((reply: Reply) => void) | undefined;
}

export interface Spoken<Reply> {
  /** What it is called, and of which code the error is that it has ended before its time. */
  readonly who: string;
  readonly code: ImageErrorCode;
  readonly parse: (line: string) => Reply;
}

/** This side of the conversation with a process inside (inside-process.ts): a line of JSON each way, answers told apart by their ids. */
export class InsideClient<Reply extends NumberedReply | FailedReply> {
  readonly #process: RunningLauncher;
  readonly #waiting = new Map<number, Waiting<Reply>>();
  #next = 0;
  #failure: ImageError | undefined;

  constructor(launcher: RunningLauncher, { who, code, parse }: Spoken<Reply>) {
    this.#process = launcher;
    const lines = new Lines();
    launcher.stdout.setEncoding('utf8');
    launcher.stdout.on('data', (text: string) => {
      for (const line of lines.add(text)) this.#receive(parse(line));
    });
    // A process that has ended does not read; that it has ended is told otherwise.
    launcher.stdin.on('error', () => {});
    void launcher.ended.then(({ message }) => {
      this.#failure = new ImageError(code, `the ${who} process ended unexpectedly${message && `: ${message}`}`, {
        hint: 'it may have been killed (out of memory?): try again; `sandbox doctor` shows what user namespaces lack',
      });
      for (const { reject } of this.#waiting.values()) reject(this.#failure);
      this.#waiting.clear();
    });
  }

  /** Gives an id that no request had. */
  nextId(): number {
    return this.#next++;
  }

  /** Asks, and gives the answer. Rejects with an ImageError. */
  async ask<Request extends { readonly id: number }>(request: Request, onProgress?: (reply: Reply) => void) {
    return await new Promise<Exclude<Reply, { readonly kind: 'failed' }>>((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(request.id, { resolve, reject, onProgress });
      this.send(request);
    });
  }

  /** Says something that has no answer. */
  send(request: object): void {
    if (this.#failure === undefined) this.#process.stdin.write(`${JSON.stringify(request)}\n`);
  }

  /** Says something for the last time: the process may outlive this one. */
  leave(request: object): void {
    this.send(request);
    this.#process.release();
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#process.ended;
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.kind === 'progress') {
      waiting.onProgress?.(reply);
      return;
    }
    this.#waiting.delete(reply.id);
    if (!isFailed(reply)) waiting.resolve(reply as Exclude<Reply, { readonly kind: 'failed' }>);
    else {
      const { code, message, hint } = reply.failure;
      waiting.reject(new ImageError(code, message, hint === undefined ? {} : { hint }));
    }
  }
}

function isFailed(reply: NumberedReply): reply is FailedReply {
  return reply.kind === 'failed';
}
