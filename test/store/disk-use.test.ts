import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { decodeBytes } from '../../src/linux/bytes.ts';
import { measureTrees } from '../../src/store/disk-use.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'disk-use-'));
  // Deeper than Node's own removal goes.
  t.after(() => execFileSync('rm', ['-rf', path]));
  return path;
}

const du = (...paths: string[]): number =>
  execFileSync('du', ['--block-size=1', '-sc', ...paths], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, name]) => name === 'total')
    .reduce((sum, [bytes]) => sum + Number(bytes), 0);

describe('what trees take on the disk', () => {
  it('is what du(1) says: blocks, each hard link once, also between trees', (t) => {
    const cwd = process.cwd();
    t.after(() => process.chdir(cwd));
    const path = directory(t);
    for (const name of ['one', 'two', 'one/inner']) mkdirSync(`${path}/${name}`);
    writeFileSync(`${path}/one/file`, 'x'.repeat(100_000));
    linkSync(`${path}/one/file`, `${path}/one/inner/same`);
    linkSync(`${path}/one/file`, `${path}/two/same`);
    ftruncateSync(openSync(`${path}/two/hole`, 'w'), 1_000_000_000);
    symlinkSync('/usr', `${path}/two/link`);
    writeFileSync(Buffer.from(`${path}/two/\xff\xfe`, 'latin1'), 'y');
    mkdirSync(Buffer.from(`${path}/two/dir\xff`, 'latin1'));
    writeFileSync(Buffer.from(`${path}/two/dir\xff/z`, 'latin1'), 'z');
    const [one, two] = measureTrees([`${path}/one`, `${path}/two`]);
    assert.equal((one?.bytes ?? 0) + (two?.bytes ?? 0), du(`${path}/one`, `${path}/two`));
    assert(one && one.bytes > 100_000 && two && two.bytes < 100_000);
    assert.equal(one.files + two.files, 9);
  });

  it('is told of trees deeper than a path can be long', (t) => {
    const cwd = process.cwd();
    t.after(() => process.chdir(cwd));
    const path = directory(t);
    process.chdir(path);
    for (let depth = 0; depth < 3000; depth++) {
      mkdirSync('deep');
      process.chdir('deep');
    }
    process.chdir('/');
    assert.equal(measureTrees([path])[0]?.files, 3001);
  });

  it('is nothing where there is nothing, or what may not be seen', (t) => {
    const path = directory(t);
    const names = decodeBytes(Buffer.from('gone\xff', 'latin1'));
    assert.deepEqual(measureTrees([`${path}/${names}`]), [{ bytes: 0, files: 0 }]);
    mkdirSync(`${path}/closed`);
    chmodSync(`${path}/closed`, 0);
    assert.equal(measureTrees([path])[0]?.files, 2);
    chmodSync(`${path}/closed`, 0o700);
    rmSync(`${path}/closed`, { recursive: true });
  });
});
