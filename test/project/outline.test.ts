import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadProject } from '../../src/project/load.ts';
import { projectStamps, readOutline, writeOutline } from '../../src/project/outline.ts';

async function known(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'sandbox-outline-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = `${directory}/sandbox.toml`;
  writeFileSync(
    file,
    'image = "host"\n[env.test]\nimage = "host"\n[command.test]\nrun = ["a", "b c"]\neach = { N = ["1"] }\n',
  );
  const store = `${directory}/store`;
  // As if it was written long ago: what has just been written is not trusted.
  const { stamps } = projectStamps(directory);
  const seen = { taken: Date.now() + 1000, stamps, build: 'b1' };
  const outline = writeOutline(store, await loadProject(directory), seen);
  return { directory, file, store, outline };
}

describe('the outline of a project', () => {
  it('is what was read, as long as nothing changes', async (t) => {
    const { directory, store, outline } = await known(t);
    assert.deepEqual(readOutline(store, directory, 'b1'), outline);
    assert.deepEqual(outline.environments, ['default', 'test']);
    assert.deepEqual(outline.commands.get('test')?.run, ['a', 'b c']);
  });

  it('is forgotten with a change of the file, a new local one, another program, and a damaged record', async (t) => {
    const { directory, file, store } = await known(t);
    assert.equal(readOutline(store, directory, 'b2'), undefined);
    assert.equal(readOutline(store, `${directory}/other`, 'b1'), undefined);
    writeFileSync(`${directory}/sandbox.local.toml`, '');
    assert.equal(readOutline(store, directory, 'b1'), undefined);
    rmSync(`${directory}/sandbox.local.toml`);
    assert(readOutline(store, directory, 'b1'));
    utimesSync(file, 1, 1);
    assert.equal(readOutline(store, directory, 'b1'), undefined);
  });

  it('is not believed where the file was written at the same moment', async (t) => {
    const { directory, store } = await known(t);
    const { taken, stamps } = projectStamps(directory);
    writeOutline(store, await loadProject(directory), { taken: taken - 10_000, stamps, build: 'b1' });
    assert.equal(readOutline(store, directory, 'b1'), undefined);
  });

  it('does without a store that cannot be written', async (t) => {
    const { directory } = await known(t);
    const { commands } = writeOutline('/proc/none', await loadProject(directory), {
      taken: 0,
      stamps: [],
      build: 'b1',
    });
    assert.deepEqual([...commands.keys()], ['test']);
  });
});
