import type { RunningLauncher } from '../../launch/run.ts';
import type { ImageHost } from '../host.ts';
import { InsideClient } from '../inside-client.ts';
import { startInside } from '../inside-process.ts';
import {
  type Archived,
  type ArchiveRequest,
  type CompareRequest,
  type Comparison,
  parseMessage,
  type Reply,
  type Request,
  type Sealed,
  type SealRequest,
} from './messages.ts';

/** Makes layers of upper directories, and archives of layers. Everything rejects with an ImageError: PACK or CORRUPT. */
export interface Sealer {
  /**
   * Makes a layer's tree of an upper directory, which is moved to `target`, and gives the digest of its archive. What fails
   * half-way is left at `target`, which is garbage then.
   */
  seal(request: SealRequest): Promise<Sealed>;
  /** Writes the archive of a layer's tree to a new file. CORRUPT where the tree is no longer what the diff id says. */
  archive(request: ArchiveRequest): Promise<Archived>;
  /** Gives the paths in which two trees differ. */
  compare(request: CompareRequest): Promise<Comparison>;
  /**
   * Ends the sealer: it outlives this process, writes everything to the disk and then removes the files at `paths`. All of
   * them lie on the store's file system.
   */
  sync(paths: readonly string[]): void;
  /** Ends the sealer. What was begun is given up. */
  close(): Promise<void>;
}

/**
 * Starts a sealer: root of a user namespace that maps the ids of the layers' files, one process for as many requests as there
 * are, which are done one after the other. It is there at once and gets warm meanwhile. Throws a LaunchError.
 */
export function startSealer(host: Pick<ImageHost, 'ids' | 'arch' | 'store'>): Sealer {
  return new Client(startInside(host, '__seal'));
}

type Question = Exclude<Request, { kind: 'sync' }>;
type Answer<Kind extends Reply['kind']> = Extract<Reply, { kind: Kind }>;

class Client implements Sealer {
  readonly #inside: InsideClient<Reply>;

  constructor(launcher: RunningLauncher) {
    this.#inside = new InsideClient(launcher, { who: 'sealing', code: 'PACK', parse: parseMessage<Reply> });
  }

  async seal(request: SealRequest): Promise<Sealed> {
    const { diffId, bytes, entries } = await this.#ask('sealed', {
      kind: 'seal',
      id: this.#inside.nextId(),
      ...request,
    });
    return { diffId, bytes, entries };
  }

  async archive(request: ArchiveRequest): Promise<Archived> {
    const { digest, size } = await this.#ask('archived', { kind: 'archive', id: this.#inside.nextId(), ...request });
    return { digest, size };
  }

  async compare(request: CompareRequest): Promise<Comparison> {
    const id = this.#inside.nextId();
    const { differences, count } = await this.#ask('compared', { kind: 'compare', id, ...request });
    return { differences, count };
  }

  sync(paths: readonly string[]): void {
    this.#inside.leave({ kind: 'sync', paths } satisfies Request);
  }

  async close(): Promise<void> {
    await this.#inside.close();
  }

  async #ask<Kind extends Reply['kind']>(kind: Kind, question: Question): Promise<Answer<Kind>> {
    const reply = await this.#inside.ask(question);
    if (reply.kind !== kind) throw new TypeError(`unexpected answer: ${reply.kind}`);
    return reply as Answer<Kind>;
  }
}
