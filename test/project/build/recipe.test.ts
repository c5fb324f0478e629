import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keyOf, type Parent, recipeOf } from '../../../src/project/build/recipe.ts';
import type { CacheUse, Variable } from '../../../src/project/model.ts';
import { type Digest, digestOf } from '../../../src/store/digest.ts';

const digest = fc.string().map((text): Digest => digestOf(Buffer.from(text)));
const variables = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z_]{1,6}$/), fc.string()), {
  selector: ([name]) => name,
  maxLength: 4,
});
const caches = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom('apt', 'npm', 'pip').map((name): CacheUse => ({ kind: 'known', name })),
    fc.constantFrom('/a', '/b/c').map((path): CacheUse => ({ kind: 'path', path })),
  ),
  { selector: (use) => (use.kind === 'known' ? use.name : use.path), maxLength: 3 },
);

interface Recipe {
  readonly script: string;
  readonly variables: readonly Variable[];
  readonly caches: readonly CacheUse[];
  readonly network: 'none' | 'host';
  readonly inputs: Digest | undefined;
}

const recipes: fc.Arbitrary<Recipe> = fc.record({
  script: fc.string(),
  variables,
  caches,
  network: fc.constantFrom('none', 'host'),
  inputs: fc.option(digest, { nil: undefined }),
});

const of = ({ inputs, ...parts }: Recipe): Digest => recipeOf(parts, inputs);

/** What decides, in a form that only depends on it. */
function essence({ script, variables: list, caches: uses, network, inputs }: Recipe): string {
  const names = uses.map((use) => (use.kind === 'known' ? use.name : use.path));
  return JSON.stringify([script, Object.fromEntries([...list].sort()), names.sort(), network, inputs ?? null]);
}

describe('the recipe of a step', () => {
  it('is another one exactly when something that decides is', () => {
    fc.assert(
      fc.property(recipes, recipes, (a, b) => {
        assert.equal(of(a) === of(b), essence(a) === essence(b));
      }),
    );
  });

  it('changes with each of its parts', () => {
    fc.assert(
      fc.property(recipes, recipes, (a, b) => {
        for (const part of ['script', 'variables', 'caches', 'network', 'inputs'] as const) {
          const changed = { ...a, [part]: b[part] };
          assert.equal(of(changed) === of(a), essence(changed) === essence(a), part);
        }
      }),
    );
  });

  it('does not depend on the order of variables and caches', () => {
    fc.assert(
      fc.property(recipes, (a) => {
        assert.equal(of({ ...a, variables: a.variables.toReversed(), caches: a.caches.toReversed() }), of(a));
      }),
    );
  });

  it('does not mistake a value for a name, or a cache for another', () => {
    const base = { script: '', variables: [], caches: [], network: 'none' } as const;
    const two: Variable[] = [
      ['A', 'B'],
      ['C', 'D'],
    ];
    assert.notEqual(
      recipeOf({ ...base, variables: two }, undefined),
      recipeOf({ ...base, variables: [['A', 'B,C,D']] }, undefined),
    );
    assert.notEqual(recipeOf({ ...base, script: 'x' }, undefined), recipeOf(base, digestOf(Buffer.from('x'))));
  });

  it('is the same for ever: results of before the next version are found again', () => {
    const variables: Variable[] = [['CI', '1']];
    assert.equal(
      recipeOf({ script: 'npm ci', variables, caches: [{ kind: 'known', name: 'npm' }], network: 'host' }, undefined),
      'sha256:0f61001e0f7a3b4f0c89d58e8e677c6d4b111b6ff1706bedbc100da9aebef2fa',
    );
  });
});

describe('the key of a step', () => {
  const parents: fc.Arbitrary<Parent> = fc.oneof(
    digest.map((manifest): Parent => ({ kind: 'image', manifest })),
    fc.tuple(digest, digest).map(([key, diffId]): Parent => ({ kind: 'step', key, diffId })),
  );
  const platforms = fc.constantFrom('linux/amd64', 'linux/arm64');

  it('changes with the parent, its result, the platform and the recipe, and with nothing else', () => {
    const all = fc.tuple(parents, platforms, digest);
    fc.assert(
      fc.property(all, all, (a, b) => {
        assert.equal(keyOf(...a) === keyOf(...b), JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});
