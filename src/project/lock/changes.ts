import type { Digest } from '../../store/digest.ts';
import type { Lock, LockedImage, LockedStep } from './lock.ts';

/** A difference between two locks. */
export interface LockChange {
  readonly kind: 'image' | 'step';
  readonly change: 'added' | 'removed' | 'changed';
  /** The image as sandbox.toml writes it, or the environment. */
  readonly of: string;
  /** Of a step, from 1 on. */
  readonly number?: number;
  /** For people. */
  readonly what: string;
}

const SHORT = 'sha256:'.length + 12;

function short(digest: Digest | undefined): string {
  return digest === undefined ? 'none' : digest.slice(0, SHORT);
}

/** The digest that says most of an image: its index's, or its only manifest's. */
export function topDigest({ index, platforms }: LockedImage): Digest | undefined {
  return index ?? [...platforms.values()][0];
}

function sameDigests(a: ReadonlyMap<string, Digest>, b: ReadonlyMap<string, Digest>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function changeOf<T>(before: T | undefined, after: T | undefined, same: (a: T, b: T) => boolean) {
  if (before === undefined) return after === undefined ? undefined : 'added';
  if (after === undefined) return 'removed';
  return same(before, after) ? undefined : 'changed';
}

/** Gives what `after` says differently, images first. */
export function changesOf(before: Lock, after: Lock): LockChange[] {
  return [...imageChanges(before, after), ...stepChanges(before, after)];
}

function imageChanges(before: Lock, after: Lock): LockChange[] {
  const names = [...new Set([...before.images.keys(), ...after.images.keys()])].sort();
  return names.flatMap((of): LockChange[] => {
    const [old, now] = [before.images.get(of), after.images.get(of)];
    const change = changeOf(old, now, sameImage);
    if (change === undefined) return [];
    const digests = [old, now].map((each) => short(each && topDigest(each)));
    const detail = change === 'changed' ? digests.join(' → ') : digests[change === 'added' ? 1 : 0];
    return [{ kind: 'image', change, of, what: `image ${of} ${change}: ${detail}` }];
  });
}

function sameImage(a: LockedImage, b: LockedImage): boolean {
  return a.name === b.name && a.index === b.index && sameDigests(a.platforms, b.platforms);
}

function stepChanges(before: Lock, after: Lock): LockChange[] {
  const names = [...new Set([...before.steps.keys(), ...after.steps.keys()])].sort();
  return names.flatMap((of) => {
    const [old, now] = [before.steps.get(of) ?? [], after.steps.get(of) ?? []];
    return Array.from({ length: Math.max(old.length, now.length) }).flatMap((_, at): LockChange[] => {
      const [one, other] = [old[at], now[at]];
      const change = changeOf(one, other, sameStep);
      if (change === undefined) return [];
      const number = at + 1;
      const why = one && other ? `: ${difference(one, other)}` : '';
      const what = `step ${number} of ${of} (${(other ?? one)?.name}) ${change}${why}`;
      return [{ kind: 'step', change, of, number, what }];
    });
  });
}

function sameStep(a: LockedStep, b: LockedStep): boolean {
  return a.name === b.name && a.recipe === b.recipe && a.inputs === b.inputs && sameDigests(a.results, b.results);
}

function difference(a: LockedStep, b: LockedStep): string {
  if (a.inputs !== b.inputs) return 'its inputs';
  if (a.recipe !== b.recipe) return 'its recipe';
  return a.name === b.name ? 'its result' : 'its name';
}
