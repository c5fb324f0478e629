import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readAuditLog } from '../../src/audit/log.ts';
import { HEAD, HEAD_SIZE } from '../../src/linux/audit-log.ts';
import { logBytes } from './log-bytes.ts';

describe('an audit log', () => {
  test('gives calls by name, with their arguments, answers and texts', () => {
    const log = readAuditLog(
      logBytes([
        { name: 'openat', arguments: [0n, 1n, 0o2n], path: '/work/.././/etc/x', missing: true },
        { name: 'openat', path: Buffer.from([0x2f, 0xff]) },
        { name: 'keyctl', errno: 'ENOSYS', arguments: [3n] },
      ]),
    );
    assert.deepEqual(log.calls, [
      { name: 'keyctl', asked: 1, refused: 1 },
      { name: 'openat', asked: 2, refused: 0 },
    ]);
    assert.deepEqual(
      log.records.map(({ name, errno, about }) => ({ name, errno, about })),
      [
        { name: 'openat', errno: undefined, about: { kind: 'path', path: '/etc/x', there: false } },
        { name: 'openat', errno: undefined, about: { kind: 'path', path: '/\udcff', there: true } },
        { name: 'keyctl', errno: 'ENOSYS', about: { kind: 'nothing' } },
      ],
    );
  });

  test('ends where its last whole record does', () => {
    const bytes = logBytes([
      { name: 'keyctl', errno: 'ENOSYS' },
      { name: 'keyctl', errno: 'ENOSYS' },
    ]);
    assert.equal(readAuditLog(bytes.subarray(0, -1)).records.length, 1);
  });

  test('of another version, or of nothing of the kind, is an error', () => {
    const bytes = logBytes([]);
    bytes.writeUInt32LE(99, HEAD.version);
    assert.throws(() => readAuditLog(bytes), { code: 'BAD_LOG', message: /version is 99/ });
    assert.throws(() => readAuditLog(Buffer.alloc(10)), { code: 'BAD_LOG' });
    assert.throws(() => readAuditLog(Buffer.alloc(HEAD_SIZE)), { code: 'BAD_LOG' });
  });

  test('with any records can be read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 2048 }), (noise) => {
        const { records } = readAuditLog(Buffer.concat([logBytes([]), noise]));
        assert.equal(records.length, Math.floor(noise.length / 512));
      }),
    );
  });
});
