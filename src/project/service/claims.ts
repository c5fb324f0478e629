/**
 * Who wants which services to run: what was started at the beginning, or to go on, is kept whoever comes and goes; what somebody
 * else has started ends with the last who wants it.
 */
export class Claims {
  readonly #kept = new Set<string>();
  readonly #claims = new Map<object, readonly string[]>();

  /** These go on when nobody wants them any more. */
  keep(names: readonly string[]): void {
    for (const name of names) this.#kept.add(name);
  }

  /** `who` wants these, with all that they require. */
  claim(who: object, names: readonly string[]): void {
    this.#claims.set(who, names);
  }

  /** `who` wants nothing any more. Gives the names that nobody wants now. */
  release(who: object): string[] {
    const mine = this.#claims.get(who) ?? [];
    this.#claims.delete(who);
    const others = new Set([...this.#claims.values()].flat());
    return mine.filter((name) => !this.#kept.has(name) && !others.has(name));
  }

  /** They were stopped: whoever starts one of them has to say anew what is to become of it. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#kept.delete(name);
  }
}
