import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { watchFiles } from '../../../../src/commands/project/command/watch-files.ts';
import { needs } from '../../../packages.ts';

const WATCH_FILES = '../../../../src/commands/project/command/watch-files.ts';

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

/** The same in a process that the kernel gives nothing of a kind: sysctl/user.rst, counted for each user namespace. */
async function seenWithout(limit: string, root: string, act: () => void): Promise<string> {
  const script = `
    const { watchFiles } = await import(${JSON.stringify(import.meta.resolve(WATCH_FILES))});
    const { watch } = await import('node:fs');
    let code = 'a watch';
    try { watch('/').close(); } catch (error) { code = error.code; }
    using files = watchFiles(${JSON.stringify(root)}, ['src/**']);
    console.log(code);
    console.log(await files.changed);`;
  const words = [process.execPath, '--input-type=module', '--no-warnings', '--eval', script];
  const inside = ['sh', '-c', `echo 0 > /proc/sys/user/${limit} && exec "$@"`, 'sh', ...words];
  const child = spawn('unshare', ['--user', '--map-root-user', ...inside], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.match((await lines.next()).value ?? '', /^(ENOSPC|EMFILE)$/);
  act();
  return (await lines.next()).value ?? 'nothing';
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

  it('looks at the files themselves where the kernel has no watches left', { skip: needs('unshare') }, async (t) => {
    const root = tree(t);
    const path = (name: string): string => join(root, name);
    const [changed, removed] = [path('src/deep/b.ts'), path('src/a.ts')];
    for (const limit of ['max_inotify_watches', 'max_inotify_instances'] as const) {
      assert.equal(await seenWithout(limit, root, () => appendFileSync(changed, 'y')), 'src/deep/b.ts', limit);
    }
    const later = await seenWithout('max_inotify_watches', root, () => {
      mkdirSync(path('src/made'));
      writeFileSync(path('src/made/later.ts'), '');
    });
    assert.equal(later, 'src/made/later.ts');
    assert.equal(await seenWithout('max_inotify_watches', root, () => rmSync(removed)), 'src/a.ts');
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
