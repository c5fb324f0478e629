import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { it } from 'node:test';
import { TarReader } from '../../../../src/image/unpack/tar/reader.ts';
import { TreeWriter } from '../../../../src/image/unpack/tree/writer.ts';
import { FileCalls } from '../../../../src/linux/file-calls.ts';
import { archive } from '../../../support/tar/raw.ts';

function write(tar: Buffer, mostEntries: number): string[] {
  const directory = mkdtempSync(`${tmpdir()}/writer-test-`);
  const root = openSync(directory, 'r');
  const writer = new TreeWriter(new FileCalls(), root, { owners: 'one', mostEntries });
  const before = readdirSync('/proc/self/fd').length;
  try {
    new TarReader(writer).push(tar);
    writer.complete();
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  } finally {
    writer.dispose();
    assert.equal(readdirSync('/proc/self/fd').length, before, 'descriptors were left open');
    closeSync(root);
    rmSync(directory, { recursive: true });
  }
}

it('counts entries, whatever they are, and stops at the limit', () => {
  const tar = archive({ name: 'a' }, { name: 'a' }, { name: '.wh.b' }, { name: 'c' });
  assert.throws(() => write(tar, 3), { code: 'UNPACK', message: /more than 3 entries/ });
});

it('gives back every descriptor, however many directories there are', () => {
  const entries = Array.from({ length: 1000 }, (_, index) => ({ name: `d${index}/e/f`, content: 'x' }));
  const found = write(
    archive(...entries, ...entries, { name: 'd0/e/g', type: 'hardlink', linkName: 'd999/e/f' }),
    9999,
  );
  assert.equal(found.length, 3001);
});

it('closes the file that an archive cuts off', () => {
  const tar = archive({ name: 'a', content: 'x'.repeat(5000) });
  assert.deepEqual(write(tar.subarray(0, 2000), 9), ['a']);
});
