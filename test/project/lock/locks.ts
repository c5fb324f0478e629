import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BuiltEnvironment, BuiltStep } from '../../../src/project/build/model.ts';
import type { LockedImage } from '../../../src/project/lock/lock.ts';
import type { Environment, Step } from '../../../src/project/model.ts';
import type { Digest } from '../../../src/store/digest.ts';

/** A digest of that digit. */
export function digest(digit: string | number): Digest {
  return `sha256:${String(digit).repeat(64).slice(0, 64)}`;
}

export const AMD = 'linux/amd64';
export const ARM = 'linux/arm64';

export function image(name: string, index: string, amd: string, arm: string): LockedImage {
  return {
    name,
    index: digest(index),
    platforms: new Map([
      [AMD, digest(amd)],
      [ARM, digest(arm)],
    ]),
  };
}

export function step(number: number, more: Partial<Step> = {}): Step {
  return {
    number,
    name: `step ${number}`,
    script: 'true',
    inputs: [],
    variables: [],
    caches: [],
    network: 'none',
    reproducible: true,
    ...more,
  };
}

export function environment(name: string, steps: readonly Step[], image = 'debian'): Environment {
  return {
    name,
    image,
    steps,
    variables: [],
    passEnv: [],
    volumes: [],
    tmpfs: [],
    ports: [],
    secrets: [],
    caches: [],
    limits: [],
    session: [],
    devices: [],
    shims: [],
  };
}

/** What a build of these steps gave: the recipe and the result of each, by digit. */
export function built(
  steps: readonly Step[],
  digits: ReadonlyArray<readonly [recipe: string, result: string]>,
): BuiltEnvironment {
  const each = steps.map((one, at): BuiltStep => {
    const [recipe = '0', result = '0'] = digits[at] ?? [];
    return {
      step: one,
      key: digest('e'),
      recipe: digest(recipe),
      diffId: digest(result),
      tree: '/layers/x/tree',
      origin: 'built',
      milliseconds: 1,
      bytes: 1,
    };
  });
  return { steps: each, layers: [], stamps: [] };
}

/** An empty directory of a project, and one for a store. */
export function projectWithStore(t: TestContext): { readonly directory: string; readonly store: string } {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'lock-')));
  t.after(() => rmSync(base, { recursive: true }));
  const [directory, store] = [`${base}/project`, `${base}/store`];
  mkdirSync(directory);
  return { directory, store };
}
