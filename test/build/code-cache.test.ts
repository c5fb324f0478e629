import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Script } from 'node:vm';
import { writeCodeCache } from '../../build/code-cache.ts';

const SCRIPT = `(function (require) {
  function called() { return require('node:path').sep; }
  function kept(a, b) { return a === b ? [a, b].map(String).join('only here') : { a, b }; }
  called();
  return kept;
})`;

describe('the code cache', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sandbox-cache-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function cacheOf(text: string, name: string): Promise<Buffer> {
    writeFileSync(join(directory, 'main.cjs'), text);
    await writeCodeCache(process.execPath, join(directory, 'main.cjs'), join(directory, name));
    return readFileSync(join(directory, name));
  }

  it('is accepted by a Node that was started without its random seed', async () => {
    const cachedData = await cacheOf(SCRIPT, 'cache');
    assert.equal(new Script(SCRIPT, { filename: 'sandbox', cachedData }).cachedDataRejected, false);
  });

  it('is the same each time', async () => {
    assert.deepEqual(await cacheOf(SCRIPT, 'first'), await cacheOf(SCRIPT, 'second'));
  });

  it('holds functions that were never called', async () => {
    assert.ok((await cacheOf(SCRIPT, 'cache')).includes('only here'));
  });

  it('is refused for another script, which then runs all the same', async () => {
    const cachedData = await cacheOf(SCRIPT, 'cache');
    const script = new Script('(function () { return 42; })', { cachedData });
    assert.equal(script.cachedDataRejected, true);
    assert.equal((script.runInThisContext() as () => number)(), 42);
  });
});
