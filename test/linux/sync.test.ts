import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeBytes } from '../../src/linux/bytes.ts';
import { fsyncDirectory } from '../../src/linux/sync.ts';

test('a directory is written back, whatever its name; a file or nothing is refused by errno', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sync-'));
  try {
    fsyncDirectory(directory);
    mkdirSync(encodeBytes(`${directory}/\udcff`));
    fsyncDirectory(`${directory}/\udcff`);
    writeFileSync(join(directory, 'file'), '');
    assert.throws(() => fsyncDirectory(join(directory, 'file')), { code: 'ENOTDIR', path: join(directory, 'file') });
    assert.throws(() => fsyncDirectory(join(directory, 'none')), { code: 'ENOENT', syscall: 'open' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
