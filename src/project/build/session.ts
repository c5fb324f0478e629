import { chmodSync, rmSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import type { ImageHost } from '../../image/host.ts';
import { type Sealer, startSealer } from '../../image/pack/client.ts';
import { imageHost } from '../../sandbox/images.ts';
import { removeGarbage } from '../../sandbox/removal.ts';
import { type BuildDirectory, collectBuilds, newBuildDirectory, trashBuild } from '../../store/builds.ts';
import { unsyncedMark } from '../../store/layers.ts';
import { ensureImageStore } from '../../store/layout.ts';
import { lockPath, lockStore, type StoreLock } from '../../store/lock.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { listShelf } from '../../store/sandbox-directory.ts';
import { type CacheSource, cacheSource } from '../cache/cache.ts';
import type { BuildRequest } from './model.ts';

export type SessionRequest = Pick<BuildRequest, 'facts' | 'project' | 'cacheFrom' | 'events' | 'signal'>;

/**
 * What a build holds as soon as there is something to build: the project, so that nobody else builds it; the store, so that
 * nothing of it is taken for garbage; a directory to run steps in; and the process that makes layers.
 */
export class BuildSession {
  readonly host: ImageHost;
  readonly directory: BuildDirectory;
  readonly cache: CacheSource | undefined;
  readonly #request: SessionRequest;
  readonly #locks: readonly StoreLock[];
  #sealer: Sealer | undefined;
  /** Trees of layers that are perhaps not on the disk yet. */
  readonly #fresh: string[] = [];

  private constructor(request: SessionRequest, locks: readonly StoreLock[], cache: CacheSource | undefined) {
    this.#request = request;
    this.#locks = locks;
    this.host = imageHost(request.facts);
    this.cache = cache;
    this.directory = newBuildDirectory(request.facts.store);
  }

  /** Waits until nobody else builds the project. Throws a StoreError, and a ProjectError of code CACHE. */
  static async open(request: SessionRequest): Promise<BuildSession> {
    const { facts, project, cacheFrom, events, signal } = request;
    const { store } = facts;
    const waiting = signal === undefined ? {} : { signal };
    ensureImageStore(store);
    const place = ensureProjectPath(store, project.directory);
    const locks = [
      await lockPath(`${place}/lock`, 'exclusive', `the project ${project.name}`, {
        ...waiting,
        onWait: () => events.note('waiting for another build of this project'),
      }),
    ];
    try {
      locks.push(
        await lockStore(store, 'shared', {
          ...waiting,
          onWait: () => events.note('waiting for another process that cleans the store up'),
        }),
      );
      collectBuilds(store);
      const cache = cacheFrom === undefined ? undefined : await openCache(request, cacheFrom);
      return new BuildSession(request, locks, cache);
    } catch (error) {
      for (const lock of locks) lock.release();
      throw error;
    }
  }

  /** One for the whole build; it gets warm while the first step runs. */
  sealer(): Sealer {
    this.#sealer ??= startSealer(this.host);
    return this.#sealer;
  }

  /** Notes a layer that is new. */
  add(tree: string): void {
    this.#fresh.push(tree);
  }

  /** Makes room for the next step. The changes of the last one were taken out. */
  clear(): void {
    const { path } = this.directory;
    openWork(path);
    for (const name of ['upper', 'work', 'inputs']) rmSync(`${path}/${name}`, { recursive: true, force: true });
  }

  /** Lets go of everything. New layers are written to the disk by a process that outlives this one. */
  async close(): Promise<void> {
    const { facts } = this.#request;
    await this.cache?.close();
    if (this.#fresh.length > 0) this.sealer().sync(this.#fresh.map(unsyncedMark));
    else await this.#sealer?.close();
    try {
      openWork(this.directory.path);
      rmSync(this.directory.path, { recursive: true, force: true });
    } catch {
      // Files of subordinate ids: of a step that did not come to its end.
      trashBuild(facts.store, this.directory.path);
    }
    this.directory.release();
    for (const lock of this.#locks) lock.release();
    if (listShelf(facts.store, 'trash').length > 0) removeGarbage(facts, []);
  }
}

async function openCache({ facts, signal }: SessionRequest, path: string): Promise<CacheSource> {
  const { unpackLimit: limit } = await loadConfig(process.env);
  return await cacheSource(path, { host: imageHost(facts), limit, ...(signal === undefined ? {} : { signal }) });
}

/** Directories of an overlay's own have no permission bits: those of the mark of `volatile`, as a rule. They are the user's. */
function openWork(path: string): void {
  for (const name of ['work/work', 'work/work/incompat', 'work/work/incompat/volatile']) {
    try {
      chmodSync(`${path}/${name}`, 0o700);
    } catch {
      // Not there.
    }
  }
}
