import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ImageError } from '../../../src/image/error.ts';
import type { Descriptor } from '../../../src/image/model.ts';
import { type Content, contentFrom } from '../../support/fault-registry/content.ts';
import type { Fault } from '../../support/fault-registry/fault.ts';
import { type FaultRegistry, startFaultRegistry } from '../../support/fault-registry/registry.ts';
import { clientFor, directoryFor, NEVER } from './client.ts';

const SIZE = 3 * 1024 * 1024 + 17;
const BYTES = randomBytes(SIZE);

interface Setting {
  readonly registry: FaultRegistry;
  readonly blob: Content;
  readonly path: string;
  readonly waits: readonly number[];
  /** Each call of onBytes and onReset. */
  readonly seen: Array<number | 'reset'>;
  /** The `Range` of each request for the blob. */
  readonly ranges: () => Array<string | undefined>;
  readonly download: (descriptor?: Partial<Descriptor>) => Promise<void>;
}

async function setUp(
  t: TestContext,
  { ranges = true, bytes = BYTES, idleMilliseconds = 30_000 } = {},
): Promise<Setting> {
  const registry = await startFaultRegistry(t, { ranges });
  const blob = registry.serveBlob(bytes);
  const { repository, waits } = clientFor(t, `${registry.host}/app`, { idleMilliseconds });
  const path = join(directoryFor(t), 'partial');
  const seen: Array<number | 'reset'> = [];
  const { digest, size, mediaType } = blob;
  return {
    registry,
    blob,
    path,
    waits,
    seen,
    ranges: () => registry.requests.map(({ headers }) => headers.range),
    download: async (other = {}) => {
      await repository.downloadBlob(
        { digest, size, mediaType, ...other },
        { path, onBytes: (total) => seen.push(total), onReset: () => seen.push('reset'), signal: NEVER },
      );
    },
  };
}

function assertWhole({ path, seen, blob }: Setting): void {
  assert.ok(readFileSync(path).equals(blob.bytes));
  if (blob.size > 0) assert.equal(seen.at(-1), blob.size);
  const totals = seen.slice(seen.lastIndexOf('reset') + 1) as number[];
  assert.deepEqual(
    totals,
    totals.toSorted((a, b) => a - b),
  );
}

describe('Repository.downloadBlob', () => {
  it('writes the blob, and tells how much there is', async (t) => {
    const setting = await setUp(t);
    await setting.download();
    assertWhole(setting);
    assert.deepEqual(setting.ranges(), [undefined]);
    assert.ok(!setting.seen.includes('reset'));
  });

  it('knows sha512, and blobs of no bytes', async (t) => {
    const setting = await setUp(t, { bytes: Buffer.alloc(0) });
    await setting.download();
    assert.equal(readFileSync(setting.path).length, 0);
    const { createHash } = await import('node:crypto');
    const other = await setUp(t);
    const digest = `sha512:${createHash('sha512').update(BYTES).digest('hex')}` as const;
    other.registry.fault({ path: digest }, { kind: 'answer', with: (_, response) => void response.end(BYTES) });
    await other.download({ digest });
    assertWhole(other);
  });

  it('asks only for what the file lacks', async (t) => {
    const setting = await setUp(t);
    writeFileSync(setting.path, BYTES.subarray(0, 1000));
    await setting.download();
    assertWhole(setting);
    assert.deepEqual(setting.ranges(), ['bytes=1000-']);
    assert.equal(setting.seen[0], 1000);
  });

  it('asks for nothing where the file is whole', async (t) => {
    const setting = await setUp(t);
    writeFileSync(setting.path, BYTES);
    await setting.download();
    assert.deepEqual(setting.ranges(), []);
    assert.deepEqual(setting.seen, [SIZE]);
  });

  for (const [what, prefix] of [
    ['damaged', Buffer.alloc(1000)],
    ['damaged and whole', Buffer.alloc(SIZE)],
    ['too long', Buffer.concat([BYTES, BYTES])],
  ] as const) {
    it(`starts anew where what the file holds is ${what}`, async (t) => {
      const setting = await setUp(t);
      writeFileSync(setting.path, prefix);
      await setting.download();
      assertWhole(setting);
      assert.ok(setting.seen.includes('reset'));
      assert.equal(setting.ranges().at(-1), undefined);
    });
  }

  for (const fault of [
    { kind: 'reset', after: 1_500_000 },
    { kind: 'truncate', after: 1_500_000 },
    { kind: 'stall', after: 1_500_000 },
  ] as const satisfies readonly Fault[]) {
    it(`goes on where it stopped after: ${fault.kind}`, async (t) => {
      const setting = await setUp(t, fault.kind === 'stall' ? { idleMilliseconds: 500 } : {});
      setting.registry.fault({ path: '/blobs/', times: 1 }, fault);
      await setting.download();
      assertWhole(setting);
      const [first, second, ...more] = setting.ranges();
      assert.equal(first, undefined);
      const from = Number(/^bytes=(\d+)-$/.exec(second ?? '')?.[1]);
      assert.ok(from > 0 && from <= 1_500_000, second);
      assert.deepEqual(more, []);
      assert.ok(!setting.seen.includes('reset'));
      assert.equal(setting.waits.length, 1);
    });
  }

  it('starts anew where the registry knows no ranges', async (t) => {
    const setting = await setUp(t, { ranges: false });
    setting.registry.fault({ path: '/blobs/', times: 1 }, { kind: 'truncate', after: 1_000_000 });
    await setting.download();
    assertWhole(setting);
    assert.ok(setting.seen.includes('reset'));
    assert.equal(setting.registry.requests.length, 2);
  });

  it('starts anew after 416', async (t) => {
    const setting = await setUp(t);
    writeFileSync(setting.path, BYTES.subarray(0, 1000));
    setting.registry.fault({ path: '/blobs/', times: 1 }, { kind: 'status', status: 416 });
    await setting.download();
    assertWhole(setting);
    assert.deepEqual(setting.ranges(), ['bytes=1000-', undefined]);
  });

  for (const range of [
    'bytes 0-9/10',
    `bytes 999-${SIZE - 1}/${SIZE}`,
    `bytes 1000-${SIZE}/${SIZE + 1}`,
    'nonsense',
    `bytes 1000-${SIZE - 1}/${SIZE + 5}`,
  ]) {
    it(`refuses another part than it asked for: ${range}`, async (t) => {
      const setting = await setUp(t);
      writeFileSync(setting.path, BYTES.subarray(0, 1000));
      setting.registry.fault({ path: '/blobs/' }, { kind: 'headers', headers: { 'Content-Range': range } });
      await assert.rejects(setting.download(), { code: 'REGISTRY', message: /sends another part of sha256:/ });
      // The prefix is still good for a registry that works.
      assert.equal(readFileSync(setting.path).length, 1000);
      setting.registry.clearFaults();
      await setting.download();
      assertWhole(setting);
    });
  }

  it('removes what has another digest, after one download', async (t) => {
    const setting = await setUp(t);
    setting.registry.fault({ path: '/blobs/' }, { kind: 'corrupt', at: 2_000_000 });
    await assert.rejects(setting.download(), { code: 'CORRUPT', message: /its digest is another one/ });
    assert.equal(existsSync(setting.path), false);
    assert.equal(setting.registry.requests.length, 1);
  });

  it('stops at the first byte too many', async (t) => {
    const setting = await setUp(t);
    setting.registry.fault({ path: '/blobs/' }, { kind: 'surplus', bytes: 64 * 1024 * 1024 });
    await assert.rejects(setting.download(), { code: 'CORRUPT', message: new RegExp(`more than the ${SIZE} bytes`) });
    assert.ok(readFileSync(setting.path).length <= SIZE);
    assert.equal(setting.registry.requests.length, 1);
  });

  it('refuses another length than the manifest says before it reads anything', async (t) => {
    const setting = await setUp(t);
    setting.registry.fault({ path: '/blobs/', times: 1 }, { kind: 'surplus', bytes: 1, announced: true });
    await assert.rejects(setting.download(), { code: 'CORRUPT', message: /and the manifest says/ });
    setting.registry.fault({ path: '/blobs/', times: 1 }, { kind: 'shorten', to: 1000 });
    await assert.rejects(setting.download(), { code: 'CORRUPT' });
    assert.equal(readFileSync(setting.path).length, 0);
  });

  it('gives up after five failures without progress, and keeps what it has', async (t) => {
    const setting = await setUp(t);
    setting.registry.fault({ path: '/blobs/' }, { kind: 'truncate', after: 1000 });
    await assert.rejects(setting.download(), { code: 'REGISTRY', message: /ended \d+ bytes too early|broken off/ });
    assert.equal(setting.registry.requests.length, 5);
    assert.ok(readFileSync(setting.path).equals(BYTES.subarray(0, 5000)));
  });

  it('does not give up while every connection brings something', async (t) => {
    const setting = await setUp(t, { bytes: randomBytes(12 * 1024 * 1024) });
    setting.registry.fault({ path: '/blobs/', times: 9 }, { kind: 'truncate', after: 1_200_000 });
    await setting.download();
    assertWhole(setting);
    assert.equal(setting.registry.requests.length, 10);
    assert.ok(setting.waits.every((wait) => wait === 375));
  });

  it('says which blob there is not', async (t) => {
    const setting = await setUp(t);
    const { digest } = contentFrom(gzipSync('x'), '');
    await assert.rejects(setting.download({ digest, size: 5 }), { code: 'NO_IMAGE', message: /has no blob sha256:/ });
  });

  it('does not write through a symlink', async (t) => {
    const setting = await setUp(t);
    const elsewhere = `${setting.path}.other`;
    symlinkSync(elsewhere, setting.path);
    await assert.rejects(setting.download(), { code: 'UNPACK' });
    assert.equal(existsSync(elsewhere), false);
  });

  it('says that the disk is full, and asks nobody else', { skip: !existsSync('/dev/full') }, async (t) => {
    const setting = await setUp(t);
    const { repository } = clientFor(t, `${setting.registry.host}/app`);
    const { digest, size, mediaType } = setting.blob;
    await assert.rejects(
      repository.downloadBlob({ digest, size, mediaType }, { path: '/dev/full', onBytes: () => {}, signal: NEVER }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'UNPACK');
        assert.match(error.message, /cannot be written/);
        assert.equal((error.cause as { code?: string }).code, 'ENOSPC');
        return true;
      },
    );
    assert.equal(setting.registry.requests.length, 1);
  });

  it('ends in the middle when it is told to, and goes on later', async (t) => {
    const setting = await setUp(t);
    const { repository } = clientFor(t, `${setting.registry.host}/app`);
    const { digest, size, mediaType } = setting.blob;
    setting.registry.fault({ path: '/blobs/', times: 1 }, { kind: 'stall', after: 2_000_000 });
    const stop = new AbortController();
    const onBytes = (total: number): void => {
      if (total >= 1_000_000) stop.abort();
    };
    const descriptor = { digest, size, mediaType };
    await assert.rejects(repository.downloadBlob(descriptor, { path: setting.path, onBytes, signal: stop.signal }), {
      name: 'AbortError',
    });
    assert.ok(readFileSync(setting.path).length >= 1_000_000);
    await setting.download();
    assertWhole(setting);
    assert.match(String(setting.ranges().at(-1)), /^bytes=\d{7}-$/);
  });

  it('ends with the blob or with an error, whatever happens on the way', async (t) => {
    const setting = await setUp(t, { bytes: BYTES.subarray(0, 300_000) });
    const at = fc.nat(300_000);
    const fault: fc.Arbitrary<Fault> = fc.oneof(
      at.map((after) => ({ kind: 'truncate' as const, after })),
      at.map((to) => ({ kind: 'shorten' as const, to })),
      at.map((byte) => ({ kind: 'corrupt' as const, at: byte })),
      at.map((bytes) => ({ kind: 'surplus' as const, bytes: bytes + 1 })),
      fc.constant({ kind: 'whole' as const }),
      fc.constantFrom(416, 500, 503, 429, 404).map((status) => ({ kind: 'status' as const, status })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 6 }), fc.option(at), async (faults, prefix) => {
        rmSync(setting.path, { force: true });
        if (prefix !== null) writeFileSync(setting.path, setting.blob.bytes.subarray(0, prefix));
        setting.registry.clearFaults();
        for (const each of faults) setting.registry.fault({ path: '/blobs/', times: 1 }, each);
        setting.seen.length = 0;
        try {
          await setting.download();
          assertWhole(setting);
        } catch (error) {
          assert.ok(error instanceof ImageError, String(error));
          assert.ok(faults.length > 0);
          // What is kept is good for the next time.
          setting.registry.clearFaults();
          setting.seen.length = 0;
          await setting.download();
          assertWhole(setting);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('downloads several at once', async (t) => {
    const registry = await startFaultRegistry(t);
    const directory = directoryFor(t);
    const { repository } = clientFor(t, `${registry.host}/app`);
    const blobs = Array.from({ length: 8 }, () => registry.serveBlob(randomBytes(700_000)));
    await Promise.all(
      blobs.map(({ digest, size, mediaType }) =>
        repository.downloadBlob(
          { digest, size, mediaType },
          { path: join(directory, digest), onBytes: () => {}, signal: NEVER },
        ),
      ),
    );
    for (const { digest, bytes } of blobs) assert.ok(readFileSync(join(directory, digest)).equals(bytes));
  });
});
