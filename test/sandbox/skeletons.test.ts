import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { removeStaleSkeletons } from '../../src/sandbox/skeletons.ts';

/** A store with skeletons, the first the oldest and the last the current one. */
function storeWith(t: TestContext, generations: readonly string[]): string {
  const store = mkdtempSync(join(tmpdir(), 'sandbox-skeletons-'));
  t.after(() => rmSync(store, { recursive: true, force: true }));
  for (const shelf of ['runs', 'sandboxes', 'trash']) mkdirSync(`${store}/${shelf}`);
  let latest = 0;
  for (const generation of generations) {
    const path = `${store}/host/${generation}`;
    mkdirSync(`${path}/etc`, { recursive: true });
    // The kernel's clock moves in steps: each is touched until it is younger than the one before.
    while (statSync(path).ctimeMs <= latest) utimesSync(path, 0, 0);
    latest = statSync(path).ctimeMs;
  }
  const current = { version: 1, generation: generations.at(-1), watched: [] };
  writeFileSync(`${store}/host/current.json`, JSON.stringify(current));
  return store;
}

function addSandbox(path: string, generation: string): void {
  mkdirSync(path);
  const common = { version: 1, lifetime: {}, rootfs: { kind: 'host' }, workspace: {}, network: 'none', hostname: 'x' };
  writeFileSync(`${path}/spec.json`, JSON.stringify({ ...common, command: [], generation }));
}

const names = (digits: string): string[] => [...digits].map((digit) => digit.repeat(16));

test('the current skeleton, one more and those of runs stay; a kept sandbox that is closed holds none', (t) => {
  const [used = '', kept = '', ...others] = names('1234567');
  const store = storeWith(t, [used, kept, ...others]);
  addSandbox(`${store}/runs/abcdefghijkl`, used);
  addSandbox(`${store}/sandboxes/mine`, kept);
  removeStaleSkeletons(store);
  const left = readdirSync(`${store}/host`).filter((name) => !name.startsWith('.') && name !== 'current.json');
  assert.deepEqual(left.sort(), [used, ...others.slice(-2)]);
});
