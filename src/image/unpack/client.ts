import { compileLauncher } from '../../launch/compile.ts';
import type { IdMapping, SetupOp } from '../../launch/operations.ts';
import { type RunningLauncher, startLauncher } from '../../launch/run.ts';
import type { Arch } from '../../linux/arch.ts';
import { ownCommand } from '../../linux/own-command.ts';
import { ImageError } from '../error.ts';
import {
  Lines,
  parseMessage,
  type Reply,
  type Request,
  type SettleRequest,
  type Unpacked,
  type UnpackRequest,
} from './messages.ts';

export type { Unpacked } from './messages.ts';

/** What the unpacking process needs of this one's environment: where koffi's native file may be loaded from. */
const PASSED_ON = ['HOME', 'PATH', 'XDG_RUNTIME_DIR', 'XDG_CACHE_HOME'];

export interface UnpackerOptions {
  /** The mapping that all layers share. */
  readonly ids: IdMapping;
  readonly arch: Arch;
  readonly store: string;
}

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

function startProcess({ ids, arch, store }: UnpackerOptions): RunningLauncher {
  const command = ownCommand('__unpack');
  const owners = ids.kind === 'single' ? 'one' : 'kept';
  const environment = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const operations: SetupOp[] = [
    // It outlives this process (`sync`), which may become a sandbox's monitor and so never know of a child's end.
    { op: 'detach' },
    // Whatever a layer may make of it, it talks to nobody.
    { op: 'createNamespaces', namespaces: ['user', 'network'], ids },
    { op: 'dieWithMonitor' },
    { op: 'resetSignals' },
    { op: 'execute', command: [...command, owners], candidates: command.slice(0, 1), environment },
  ];
  return startLauncher(compileLauncher(operations, { arch }).elf(), store);
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((read: number) => void) | undefined;
}

class Client {
  readonly #process: RunningLauncher;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: ImageError | undefined;

  constructor(launcher: RunningLauncher) {
    this.#process = launcher;
    const lines = new Lines();
    launcher.stdout.setEncoding('utf8');
    launcher.stdout.on('data', (text: string) => {
      for (const line of lines.add(text)) this.#receive(parseMessage<Reply>(line));
    });
    // A process that has ended does not read; that it has ended is told otherwise.
    launcher.stdin.on('error', () => {});
    void launcher.ended.then(({ message }) => {
      this.#failure = new ImageError('UNPACK', `the unpacking process ended unexpectedly${message && `: ${message}`}`, {
        hint: 'it may have been killed (out of memory?): try again; `sandbox doctor` shows what user namespaces lack',
      });
      for (const { reject } of this.#waiting.values()) reject(this.#failure);
      this.#waiting.clear();
    });
  }

  unpack({ onProgress, ...request }: UnpackOptions): UnpackTask {
    const id = this.#next++;
    const result = this.#ask({ kind: 'unpack', id, ...request }, onProgress).then((reply) => {
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
    const reply = await this.#ask({ kind: 'settle', id: this.#next++, ...request });
    if (reply.kind !== 'settled') throw new TypeError(`unexpected answer: ${reply.kind}`);
    return { changed: reply.changed };
  }

  sync(paths: readonly string[]): void {
    this.#send({ kind: 'sync', paths });
    this.#process.release();
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#process.ended;
  }

  #ask(request: Extract<Request, { id: number }>, onProgress?: (read: number) => void): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(request.id, { resolve, reject, onProgress });
      this.#send(request);
    });
  }

  #send(request: Request): void {
    if (this.#failure === undefined) this.#process.stdin.write(`${JSON.stringify(request)}\n`);
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.kind === 'progress') {
      waiting.onProgress?.(reply.read);
      return;
    }
    this.#waiting.delete(reply.id);
    if (reply.kind !== 'failed') waiting.resolve(reply);
    else {
      const { code, message, hint } = reply.failure;
      waiting.reject(new ImageError(code, message, hint === undefined ? {} : { hint }));
    }
  }
}
