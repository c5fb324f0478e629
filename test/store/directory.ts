import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';
import { ensureImageStore } from '../../src/store/layout.ts';

/** An empty store, removed after the test. */
export function emptyStore(t: TestContext): string {
  const path = mkdtempSync(`${tmpdir()}/sandbox-store-`);
  t.after(() => rmSync(path, { recursive: true, force: true }));
  ensureImageStore(path);
  return path;
}
