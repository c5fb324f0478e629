import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cloneOf, TWO_ACCOUNTS_TEST } from './support/clone.ts';

describe('clean builds of two accounts', () => {
  for (const example of ['c', 'python', 'node-postgres']) {
    it(`have the same digests: ${example}`, TWO_ACCOUNTS_TEST, async (t) => {
      const locks: string[] = [];
      for (const as of ['subordinate', 'another'] as const) {
        const clone = await cloneOf(t, example, { as, withLock: false });
        await clone.says(['lock']);
        locks.push(clone.lock());
      }
      const [one = '', other] = locks;
      assert.match(one, /^"linux\/[a-z0-9]+" = "sha256:[0-9a-f]{64}"$/m);
      assert.equal(other, one);
    });
  }
});
