/** Paths that were made for something to be mounted on, and the directories above them. */
export class OwnPlaces {
  readonly #places = new Set<string>();
  readonly #above = new Set<string>();

  /** Absolute paths. */
  constructor(paths: readonly string[]) {
    for (const path of paths) {
      const parts = path.split('/').filter((part) => part !== '' && part !== '.');
      for (let count = 1; count < parts.length; count++) this.#above.add(parts.slice(0, count).join('/'));
      if (parts.length > 0) this.#places.add(parts.join('/'));
    }
  }

  /** Takes a relative path. */
  has(path: string): boolean {
    return this.#places.has(path);
  }

  /** Whether it is one of them, or a directory that was made on the way to one. */
  hasBelow(path: string): boolean {
    return this.#places.has(path) || this.#above.has(path);
  }
}
