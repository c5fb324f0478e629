import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { watchFiles } from '../../../../src/commands/project/command/watch-files.ts';

function tree(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'sandbox-watch-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const directory of ['src/deep', 'docs', '.git', 'node_modules/x'])
    mkdirSync(join(root, directory), { recursive: true });
  for (const file of ['src/a.ts', 'src/deep/b.ts', 'docs/c.md', '.git/index', 'node_modules/x/d.ts']) {
    writeFileSync(join(root, file), 'x');
  }
  return root;
}

/** Gives the change that is seen after `act`; 'nothing' if none is, which is only known after some time. */
async function seen(root: string, patterns: readonly string[], act: () => void, patience = 10_000): Promise<string> {
  using files = watchFiles(root, patterns);
  act();
  return await Promise.race([files.changed, pause(patience, 'nothing', { ref: false })]);
}

describe('watching files', () => {
  it('sees what is written, created, removed and renamed', async (t) => {
    const root = tree(t);
    const path = (name: string): string => join(root, name);
    assert.equal(await seen(root, ['src/**'], () => appendFileSync(path('src/deep/b.ts'), 'y')), 'src/deep/b.ts');
    assert.equal(await seen(root, ['src/**'], () => writeFileSync(path('src/new.ts'), '')), 'src/new.ts');
    assert.equal(await seen(root, ['src/*.ts'], () => rmSync(path('src/a.ts'))), 'src/a.ts');
    assert.equal(await seen(root, ['docs'], () => renameSync(path('src/new.ts'), path('docs/c.md'))), 'docs/c.md');
  });

  it('sees files of directories that are made later, and of one that takes the place of another', async (t) => {
    const root = tree(t);
    const inNew = await seen(root, ['src/**/*.ts'], () => {
      mkdirSync(join(root, 'src/new/deeper'), { recursive: true });
      writeFileSync(join(root, 'src/new/deeper/e.ts'), '');
    });
    assert.equal(inNew, 'src/new/deeper/e.ts');
    using files = watchFiles(root, ['src/**/*.ts']);
    rmSync(join(root, 'src/deep'), { recursive: true });
    mkdirSync(join(root, 'src/deep'));
    assert.equal(await files.changed, 'src/deep/b.ts');
  });

  it('sees a directory leave', async (t) => {
    const root = tree(t);
    assert.equal(await seen(root, ['src/**'], () => renameSync(join(root, 'src'), join(root, 'gone'))), 'src');
  });

  it('looks away where no pattern points to, and into .git and node_modules only where one names them', async (t) => {
    const root = tree(t);
    const others = (): void => {
      for (const name of ['docs/c.md', '.git/index', 'node_modules/x/d.ts']) appendFileSync(join(root, name), 'y');
    };
    assert.equal(await seen(root, ['src/**'], others, 400), 'nothing');
    assert.equal(await seen(root, ['**/*.ts', '**/index'], others, 400), 'nothing');
    const editor = (): void => {
      for (const name of ['src/.a.ts.swp', 'src/4913', 'src/a.ts~', 'src/.#a.ts']) writeFileSync(join(root, name), '');
    };
    assert.equal(await seen(root, ['src/**'], editor, 400), 'nothing');
    assert.equal(await seen(root, ['node_modules/**/*.ts'], others), 'node_modules/x/d.ts');
  });

  it('waits until nothing more changes, and tells the first', async (t) => {
    const root = tree(t);
    using files = watchFiles(root, ['**/*.ts']);
    const begun = performance.now();
    for (const name of ['src/1.ts', 'src/2.ts', 'src/3.ts']) {
      writeFileSync(join(root, name), '');
      await pause(60);
    }
    assert.equal(await files.changed, 'src/1.ts');
    assert(performance.now() - begun > 200);
  });
});
