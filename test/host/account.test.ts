import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentAccount, findAccount } from '../../src/host/account.ts';

const PASSWD =
  'root:x:0:0:root:/root:/bin/bash\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\nnohome:x:7:7:::\nann2:x:1000:1:::\n';

test('the first line with the uid counts', () => {
  assert.deepEqual(findAccount(PASSWD, 1000), { name: 'ann', home: '/home/ann' });
  assert.deepEqual(findAccount(PASSWD, 7), { name: 'nohome', home: '/' });
  assert.equal(findAccount(PASSWD, 5), undefined);
  assert.equal(findAccount('x:y:zero:0:::', 0), undefined);
});

test('a uid that nobody knows is called by its number', () => {
  assert.deepEqual(currentAccount(3_999_999_999, '/nonexistent'), { name: '3999999999', home: '/' });
});

test('without /etc/passwd the name service knows the own account', () => {
  const uid = process.getuid?.() ?? 0;
  assert.deepEqual(currentAccount(uid, '/nonexistent'), currentAccount(uid));
});
