import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { blobPath, hasBlob, readBlob, writeBlob } from '../../src/store/blobs.ts';
import { digestOf } from '../../src/store/digest.ts';
import { commitPartial, lockPartial, partialPath } from '../../src/store/partials.ts';
import { Spool } from '../../src/store/spool.ts';
import { emptyStore } from './directory.ts';

const BYTES = Buffer.from('a blob');
const DIGEST = digestOf(BYTES);
const BLOB = { digest: DIGEST, size: BYTES.length };

describe('blobs', () => {
  it('are found under their digest, read-only, with nothing left aside', (t) => {
    const store = emptyStore(t);
    assert.equal(hasBlob(store, BLOB), false);
    assert.equal(writeBlob(store, BYTES), DIGEST);
    assert.equal(writeBlob(store, BYTES), DIGEST);
    assert.equal(blobPath(store, DIGEST), `${store}/images/blobs/${DIGEST.replace(':', '/')}`);
    assert.deepEqual(readBlob(store, DIGEST), BYTES);
    assert.equal(statSync(blobPath(store, DIGEST)).mode & 0o777, 0o444);
    assert.deepEqual(readdirSync(`${store}/images/partial`), []);
  });

  it('that a power cut shortened are as good as missing', (t) => {
    const store = emptyStore(t);
    writeBlob(store, BYTES);
    chmodSync(blobPath(store, DIGEST), 0o600);
    truncateSync(blobPath(store, DIGEST), 0);
    assert.equal(hasBlob(store, BLOB), false);
    writeBlob(store, BYTES);
    assert.equal(hasBlob(store, BLOB), true);
  });

  it('that are missing are a clear error', (t) => {
    assert.throws(() => readBlob(emptyStore(t), DIGEST), { code: 'CORRUPT', hint: /pull/ });
  });

  for (const durable of ['now', 'later'] as const) {
    it(`are made of a partial file (durable: ${durable})`, async (t) => {
      const store = emptyStore(t);
      const lock = await lockPartial(store, BLOB);
      assert(lock);
      assert.equal(lock.path, partialPath(store, DIGEST));
      writeFileSync(lock.path, BYTES);
      await commitPartial(store, DIGEST, { durable });
      lock.release();
      assert.deepEqual(readFileSync(blobPath(store, DIGEST)), BYTES);
      assert.equal(await lockPartial(store, BLOB), undefined);
      assert.deepEqual(readdirSync(`${store}/images/partial`), []);
    });
  }

  it('that another process downloads are waited for, and then there', async (t) => {
    const store = emptyStore(t);
    const first = await lockPartial(store, BLOB);
    assert(first);
    let told = 0;
    const second = lockPartial(store, BLOB, { onWait: () => told++ });
    const third = lockPartial(store, BLOB, { patience: 50 });
    await assert.rejects(third, { code: 'LOCKED' });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    writeFileSync(first.path, BYTES);
    await commitPartial(store, DIGEST);
    first.release();
    assert.equal(await second, undefined);
    assert.equal(told, 1);
  });

  it('whose download another process gave up are begun by the next', async (t) => {
    const store = emptyStore(t);
    const first = await lockPartial(store, BLOB);
    assert(first);
    const second = lockPartial(store, BLOB);
    writeFileSync(first.path, 'a ');
    first.release();
    const lock = await second;
    assert.equal(readFileSync(lock?.path ?? '', 'utf8'), 'a ');
    lock?.release();
  });

  it('are spooled without their digest being known', async (t) => {
    const store = emptyStore(t);
    const spool = new Spool(store);
    spool.write(BYTES.subarray(0, 2));
    spool.write(BYTES.subarray(2));
    const blob = spool.end();
    assert.deepEqual(blob, BLOB);
    assert.equal(hasBlob(store, BLOB), false);
    await spool.commit(blob);
    assert.equal(hasBlob(store, BLOB), true);
    const other = new Spool(store);
    other.write(BYTES);
    await other.commit(other.end());
    new Spool(store).discard();
    assert.deepEqual(readdirSync(`${store}/images/partial`), []);
  });
});
