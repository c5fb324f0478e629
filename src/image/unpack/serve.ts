import { closeSync, openSync, unlinkSync } from 'node:fs';
import { FileCalls } from '../../linux/file-calls.ts';
import { fsPath } from '../../linux/paths.ts';
import type { ImageError } from '../error.ts';
import { LayerJob } from './layer-job.ts';
import { type Failure, Lines, parseMessage, type Reply, type Request, type UnpackRequest } from './messages.ts';
import { settleLayer } from './settle.ts';
import type { Owners } from './tree/metadata.ts';
import type { Reliance } from './tree/reliance.ts';
import { discardTree } from './tree/remove-tree.ts';

/** Progress of a layer is told at most so often, ms. */
const PROGRESS_EVERY = 50;
/** Layers at a time: each has buffers and descriptors of its own. */
const AT_A_TIME = 4;

/**
 * Does what the other process asks for on standard input and answers on standard output, until the input ends: whoever asked
 * is gone then, and so is all use of the answers. Runs as root of a user namespace.
 */
export function serveUnpacking(owners: Owners): void {
  // Modes are those of the layers.
  process.umask(0);
  const server = new Server(owners);
  const lines = new Lines();
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    for (const line of lines.add(text)) server.accept(parseMessage<Request>(line));
  });
  process.stdin.on('end', () => server.end());
  // Nobody reads answers any more; the end of the input says the same.
  process.stdout.on('error', () => {});
}

class Server {
  readonly #calls = new FileCalls();
  readonly #owners: Owners;
  readonly #jobs = new Map<number, LayerJob>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** What only the layers below can say, by the path of the tree. */
  readonly #reliances = new Map<string, Reliance>();

  constructor(owners: Owners) {
    this.#owners = owners;
  }

  accept(request: Request): void {
    switch (request.kind) {
      case 'unpack':
        this.#unpack(request.id, request);
        break;
      case 'grown':
        this.#jobs.get(request.id)?.grown(request.available);
        break;
      case 'restarted':
        this.#jobs.get(request.id)?.restarted();
        break;
      case 'abort':
        this.#jobs.get(request.id)?.abort();
        break;
      case 'settle': {
        const { id, target, lower } = request;
        try {
          const reliance = this.#reliances.get(target);
          this.#reliances.delete(target);
          const options = { calls: this.#calls, owners: this.#owners };
          const changed = reliance === undefined ? false : settleLayer(target, lower, reliance, options);
          reply({ kind: 'settled', id, changed });
        } catch (error) {
          discardTree(this.#calls, target);
          reply({ kind: 'failed', id, failure: failureOf(error) });
        }
        break;
      }
      case 'sync':
        this.#sync(request.paths);
        break;
    }
  }

  /** Without a `sync` before it, the end of the input means that nothing of what was begun is wanted. */
  end(): void {
    process.exit(0);
  }

  #unpack(id: number, request: UnpackRequest): void {
    let told = 0;
    const onProgress = (read: number): void => {
      const now = performance.now();
      if (read < request.size && now - told < PROGRESS_EVERY) return;
      told = now;
      reply({ kind: 'progress', id, read });
    };
    const job = new LayerJob(request, { calls: this.#calls, owners: this.#owners, onProgress });
    this.#jobs.set(id, job);
    const run = async (): Promise<void> => {
      try {
        const { reliance, ...unpacked } = await job.run();
        if (unpacked.reliesOnLower) this.#reliances.set(request.target, reliance);
        reply({ kind: 'unpacked', id, ...unpacked });
      } catch (error) {
        reply({ kind: 'failed', id, failure: failureOf(error) });
      } finally {
        this.#jobs.delete(id);
        this.#running -= 1;
        this.#next();
      }
    };
    this.#waiting.push(() => void run());
    this.#next();
  }

  #next(): void {
    if (this.#running >= AT_A_TIME) return;
    const begin = this.#waiting.shift();
    if (begin === undefined) return;
    this.#running += 1;
    begin();
  }

  /** The other process has gone by now: what fails stays marked as not synced, and a later start finds it so. */
  #sync(paths: readonly string[]): void {
    for (const path of paths) {
      try {
        const descriptor = openSync(fsPath(path), 'r');
        const result = this.#calls.syncfs(descriptor);
        closeSync(descriptor);
        if (result < 0) break;
      } catch {
        continue;
      }
      // One call writes the whole file system, and all of them lie on it.
      for (const each of paths) {
        try {
          unlinkSync(fsPath(each));
        } catch {
          // It was removed with its layer.
        }
      }
      break;
    }
    process.exit(0);
  }
}

function reply(message: Reply): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function failureOf(error: unknown): Failure {
  const { code, message, hint, cause } = error as ImageError;
  const why = cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message;
  return { code: code === 'CORRUPT' ? 'CORRUPT' : 'UNPACK', message: why, ...(hint === undefined ? {} : { hint }) };
}
