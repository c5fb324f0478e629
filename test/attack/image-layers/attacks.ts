import { before, describe, it } from 'node:test';
import {
  ACCOUNTS,
  assertRefused,
  type Case,
  type CaseResult,
  treeOf,
  unpackCases,
} from '../../image/unpack/support/cases.ts';
import type { Listing } from '../../image/unpack/support/listing.ts';

/** A layer made to do harm, and what must come of it. That nothing outside changes is checked of all of them. */
export type Attack = Case &
  (
    | { readonly tree: (tree: Listing) => void }
    | { readonly refused: RegExp; readonly code?: 'UNPACK' | 'CORRUPT' }
    | { readonly check: (result: CaseResult) => void }
  );

/** Makes each attack a test of its own, under both kinds of accounts. */
export function testAttacks(title: string, attacks: Readonly<Record<string, Attack>>): void {
  for (const { kind, skip } of ACCOUNTS) {
    describe(`${title}, ${kind} ids`, { skip }, () => {
      let results: Readonly<Record<string, CaseResult>> = {};
      before(async () => {
        results = await unpackCases(kind, attacks);
      });
      for (const [name, attack] of Object.entries(attacks)) {
        it(name, () => {
          const result = results[name];
          if (result === undefined) throw new Error('it was not tried');
          if ('tree' in attack) attack.tree(treeOf(result));
          else if ('check' in attack) attack.check(result);
          else assertRefused(result, attack.refused, attack.code);
        });
      }
    });
  }
}
