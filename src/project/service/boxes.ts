import type { ReadyEnvironment } from '../record.ts';
import { type NamedSpec, openBox, type ServiceBox } from './box.ts';
import type { ServiceWork } from './work.ts';

/** The sandboxes of a project's services, one for each environment. */
export class Boxes {
  readonly #work: ServiceWork;
  readonly #onEnd: (box: ServiceBox) => void;
  readonly #specs = new Map<string, Promise<NamedSpec>>();
  readonly #open = new Map<string, Promise<ServiceBox>>();
  readonly #told = new WeakSet<ServiceBox>();
  /** One is opened after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `onEnd` is called when one has ended that was not told to. */
  constructor(work: ServiceWork, onEnd: (box: ServiceBox) => void) {
    this.#work = work;
    this.#onEnd = onEnd;
  }

  /** Gives what the sandbox of an environment is, or will be. */
  async specOf(ready: ReadyEnvironment): Promise<NamedSpec> {
    const spec = this.#specs.get(ready.environment) ?? this.#work.boxSpec(ready);
    this.#specs.set(ready.environment, spec);
    return await spec;
  }

  /** Gives the sandbox of an environment, opened where it is not. Rejects as `openBox` does. */
  async of(ready: ReadyEnvironment): Promise<ServiceBox> {
    const box = this.#open.get(ready.environment) ?? this.#begin(ready);
    this.#open.set(ready.environment, box);
    return await box;
  }

  /** Ends the sandbox of an environment, and all that runs in it: the next one may be another. */
  async end(name: string): Promise<void> {
    const opened = this.#open.get(name);
    this.#open.delete(name);
    this.#specs.delete(name);
    const box = await opened?.catch(() => undefined);
    if (box === undefined) return;
    this.#told.add(box);
    await box.end();
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map(async (name) => await this.end(name)));
  }

  async #begin(ready: ReadyEnvironment): Promise<ServiceBox> {
    const { beginProgress, note } = this.#work;
    const opened = this.#turn.then(async () => await openBox(await this.specOf(ready), { beginProgress, note }));
    this.#turn = opened.catch(() => {});
    const box = await opened;
    void box.ended.then(() => {
      if (!this.#told.has(box)) this.#onEnd(box);
    });
    return box;
  }
}
