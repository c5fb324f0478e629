import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '../../../packages.ts';
import { type LayerBlob, layerBlob } from '../../../support/tar/raw.ts';
import { needsAccount, runAs, type TestUser, testUser } from '../../../support/user.ts';
import type { AccountKind } from './account-ids.ts';
import type { Listing } from './listing.ts';

/** Archives, from the lowest layer up, that are unpacked one after the other and settled upon each other. */
export interface Case {
  /** `outside` is the absolute path of a directory beside the trees, which no layer may change. */
  readonly layers: (outside: string) => ReadonlyArray<Buffer | LayerBlob>;
  /** Bytes. */
  readonly limit?: number;
}

export type LayerOutcome =
  | { readonly reliesOnLower: boolean; readonly bytes: number; readonly entries: number }
  | { readonly failed: string; readonly message: string; readonly hint: string | undefined };

export interface CaseResult {
  readonly outcomes: readonly LayerOutcome[];
  /** Of each layer that there is, with '' for its root. */
  readonly trees: readonly (Listing | undefined)[];
  /** What was beside the trees is as it was. */
  readonly untouched: boolean;
}

/** What goes to, and comes from, unpack-cases.ts. */
export interface CasesInput {
  readonly kind: AccountKind;
  readonly place: string;
  readonly cases: ReadonlyArray<{
    readonly name: string;
    readonly limit: number;
    readonly layers: ReadonlyArray<Omit<LayerBlob, 'blob'> & { readonly path: string; readonly size: number }>;
  }>;
}
export type CasesOutput = Readonly<
  Record<string, { readonly outcomes: readonly LayerOutcome[]; readonly listing: Listing }>
>;

/** Accounts that layers are unpacked as: with subordinate ids and without. */
export const ACCOUNTS: ReadonlyArray<{ readonly kind: AccountKind; readonly skip: string | false }> = (
  ['subordinate', 'bare'] as const
).map((kind) => ({ kind, skip: needsAccount(kind) || (kind === 'subordinate' && needs('newuidmap', 'newgidmap')) }));

const SECRET = 'what is outside\n';

/**
 * Unpacks cases as an account of a kind, through the real launcher, user namespace and process, all by one unpacker. Gives the
 * results by the cases' names.
 */
export async function unpackCases<Name extends string>(
  kind: AccountKind,
  cases: Readonly<Record<Name, Case>>,
): Promise<Record<Name, CaseResult>> {
  const user = testUser(kind);
  const place = mkdtempSync(`${user.home}/unpack-`);
  try {
    const input: CasesInput = {
      kind,
      place,
      cases: Object.entries<Case>(cases).map(([name, each], index) => prepare(kind, place, `${index}`, name, each)),
    };
    own(user, place);
    const words = [process.execPath, join(import.meta.dirname, 'unpack-cases.ts')];
    const { status, stdout, stderr } = await runAs(user, words, { input: JSON.stringify(input), timeout: 300_000 });
    assert.equal(status, 0, stderr);
    const output = JSON.parse(stdout) as CasesOutput;
    const results = Object.keys(cases).map((name, index) => [name, resultOf(output, `${index}`)]);
    return Object.fromEntries(results) as Record<Name, CaseResult>;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function own({ uid, gid }: TestUser, path: string): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}

function prepare(
  kind: AccountKind,
  place: string,
  name: string,
  title: string,
  { layers, limit = 2 ** 32 }: Case,
): CasesInput['cases'][0] {
  const user = testUser(kind);
  const directory = `${place}/${name}`;
  const outside = `${directory}/outside`;
  mkdirSync(outside, { recursive: true });
  writeFileSync(`${outside}/secret`, SECRET);
  for (const path of [directory, outside, `${outside}/secret`]) own(user, path);
  const blobs = layers(outside).map((layer) => (Buffer.isBuffer(layer) ? layerBlob(layer) : layer));
  if (blobs.length === 0) throw new Error(`${title} has no layers`);
  return {
    name,
    limit,
    layers: blobs.map(({ blob, compression, diffId }, index) => {
      const path = `${place}/${name}.${index + 1}`;
      writeFileSync(path, blob);
      return { path, size: blob.length, compression, diffId };
    }),
  };
}

function resultOf(output: CasesOutput, name: string): CaseResult {
  const { outcomes, listing } = output[name] ?? { outcomes: [], listing: {} };
  const trees = outcomes.map((_, index) => below(listing, `${index + 1}`));
  const beside = Object.keys(listing).filter((path) => path !== '' && !/^\d+(\/|$)/.test(path));
  const secret = listing['outside/secret'];
  const untouched =
    beside.sort().join() === 'outside,outside/secret' &&
    secret?.content === SECRET &&
    secret.mode === 0o644 &&
    secret.links === 1 &&
    secret.uid === 0;
  return { outcomes, trees, untouched };
}

function below(listing: Listing, directory: string): Listing | undefined {
  const prefix = `${directory}/`;
  const own = listing[directory];
  if (own === undefined) return undefined;
  const rest = Object.entries(listing).filter(([path]) => path.startsWith(prefix));
  return Object.fromEntries([['', own], ...rest.map(([path, listed]) => [path.slice(prefix.length), listed] as const)]);
}

/** Gives the tree of the uppermost layer of a case that must have worked. */
export function treeOf({ outcomes, trees, untouched }: CaseResult): Listing {
  for (const outcome of outcomes) assert.ok(!('failed' in outcome), JSON.stringify(outcome));
  assert.ok(untouched, 'something was changed outside of the tree');
  const tree = trees.at(-1);
  assert.ok(tree, 'there is no tree');
  return tree;
}

/** Checks that the uppermost layer was refused for this reason, and that nothing is left of it. */
export function assertRefused({ outcomes, trees, untouched }: CaseResult, message: RegExp, code = 'UNPACK'): void {
  const outcome = outcomes.at(-1);
  assert.ok(outcome && 'failed' in outcome, `it was unpacked: ${JSON.stringify(Object.keys(trees.at(-1) ?? {}))}`);
  assert.match(outcome.message, message);
  assert.equal(outcome.failed, code);
  assert.equal(trees.at(-1), undefined, 'a refused layer has left a tree');
  assert.ok(untouched, 'something was changed outside of the tree');
}
