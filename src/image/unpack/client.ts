import type { RunningLauncher } from '../../launch/run.ts';
import { InsideClient } from '../inside-client.ts';
import { type InsideOptions, startInside } from '../inside-process.ts';
import {
  parseMessage,
  type Reply,
  type Request,
  type SettleRequest,
  type Unpacked,
  type UnpackRequest,
} from './messages.ts';

export type { Unpacked } from './messages.ts';

export type UnpackerOptions = InsideOptions;

export interface UnpackOptions extends UnpackRequest {
  /** Told now and then how many bytes of the blob were read. */
  readonly onProgress?: (read: number) => void;
}

/** A layer that is being unpacked. */
export interface UnpackTask {
  /** So many bytes of the blob are there now. */
  grown(available: number): void;
  /** The download began anew: so does the unpacking. */
  restarted(): void;
  /** Gives it up: the result rejects, and nothing is left at the target. */
  abort(): void;
  /** Rejects with an ImageError: UNPACK, or CORRUPT where the content is not what its digest says. */
  readonly result: Promise<Unpacked>;
}

export interface Unpacker {
  unpack(options: UnpackOptions): UnpackTask;
  /**
   * Completes a tree that relies on the layers below it: directories without an entry get the metadata that they have there,
   * and hard links to files there are made by copying these up. Only for trees that this unpacker made. Gives whether
   * something was changed. Rejects with an ImageError.
   */
  settle(request: SettleRequest): Promise<{ readonly changed: boolean }>;
  /**
   * Ends the unpacker: it outlives this process, writes everything to the disk and then removes the files at `paths`. All of
   * them lie on the store's file system.
   */
  sync(paths: readonly string[]): void;
  /** Ends the unpacker; what is not unpacked yet is given up. */
  close(): Promise<void>;
}

/**
 * Gives an unpacker. Its process, root of a user namespace that maps the ids of the layers' files, is started at the first
 * request and dies with this one. Whatever it reports is checked by digests; nothing is visible before that.
 */
export function startUnpacker(options: UnpackerOptions): Unpacker {
  let client: Client | undefined;
  const running = (): Client => {
    client ??= new Client(startProcess(options));
    return client;
  };
  return {
    unpack: (request) => running().unpack(request),
    settle: (request) => running().settle(request),
    sync: (paths) => running().sync(paths),
    close: async () => await client?.close(),
  };
}

function startProcess(options: UnpackerOptions): RunningLauncher {
  return startInside(options, '__unpack', options.ids.kind === 'single' ? 'one' : 'kept');
}

class Client {
  readonly #inside: InsideClient<Reply>;

  constructor(launcher: RunningLauncher) {
    this.#inside = new InsideClient(launcher, { who: 'unpacking', code: 'UNPACK', parse: parseMessage<Reply> });
  }

  unpack({ onProgress, ...request }: UnpackOptions): UnpackTask {
    const id = this.#inside.nextId();
    const progress = (reply: Reply): void => {
      if (reply.kind === 'progress') onProgress?.(reply.read);
    };
    const result = this.#inside.ask({ kind: 'unpack', id, ...request } satisfies Request, progress).then((reply) => {
      if (reply.kind !== 'unpacked') throw new TypeError(`unexpected answer: ${reply.kind}`);
      const { reliesOnLower, bytes, entries } = reply;
      return { reliesOnLower, bytes, entries };
    });
    return {
      result,
      grown: (available) => this.#send({ kind: 'grown', id, available }),
      restarted: () => this.#send({ kind: 'restarted', id }),
      abort: () => this.#send({ kind: 'abort', id }),
    };
  }

  async settle(request: SettleRequest): Promise<{ changed: boolean }> {
    const reply = await this.#inside.ask({ kind: 'settle', id: this.#inside.nextId(), ...request } satisfies Request);
    if (reply.kind !== 'settled') throw new TypeError(`unexpected answer: ${reply.kind}`);
    return { changed: reply.changed };
  }

  sync(paths: readonly string[]): void {
    this.#inside.leave({ kind: 'sync', paths } satisfies Request);
  }

  async close(): Promise<void> {
    await this.#inside.close();
  }

  #send(request: Request): void {
    this.#inside.send(request);
  }
}
