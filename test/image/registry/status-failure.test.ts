import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback } from '../../../src/image/registry/loopback.ts';
import { backoff } from '../../../src/image/registry/retry.ts';
import { errorTexts, retryAfter } from '../../../src/image/registry/status-failure.ts';
import { plainText } from '../../../src/image/unsafe-text.ts';

describe('errorTexts', () => {
  const texts = (text: string) => errorTexts(Buffer.from(text));

  it("takes the registry's form, the token service's, and plain text", () => {
    assert.deepEqual(texts('{"errors":[{"code":"DENIED","message":"no"},{"code":"X","message":"never"}]}'), {
      codes: ['DENIED', 'X'],
      message: 'no; never',
    });
    assert.deepEqual(texts('{"details":"wrong password"}'), { codes: [], message: 'wrong password' });
    assert.deepEqual(texts('404 page not found\n'), { codes: [], message: '404 page not found' });
  });

  it('shows no pages, and takes anything', () => {
    assert.deepEqual(texts(' <!DOCTYPE html><h1>x'), { codes: [], message: '' });
    for (const odd of ['', 'null', '5', '[]', '{"errors":5}', '{"errors":[null,5,{"code":5}]}', '{"errors":{}}']) {
      assert.equal(typeof texts(odd).message, 'string');
    }
  });
});

describe('plainText', () => {
  it('gives one line without control characters, of bounded length', () => {
    assert.equal(plainText(' a\r\n\tb\x1b[31mc\u202ed\u0085e '), 'a b [31mc d e');
    assert.equal(plainText('x'.repeat(1000), 10), `${'x'.repeat(10)}…`);
    assert.equal([...plainText('😀'.repeat(1000), 10)].length, 11);
  });
});

describe('retryAfter', () => {
  it('takes seconds and dates, and nothing else', () => {
    assert.equal(retryAfter('7', 0), 7000);
    assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000);
    assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 40_000), 0);
    for (const odd of [undefined, '', 'soon', '-5 apples']) assert.equal(retryAfter(odd, 0), undefined);
  });
});

describe('backoff', () => {
  it('doubles up to 15 seconds, the half of it by chance', () => {
    assert.deepEqual(
      [1, 2, 3, 9].map((failures) => backoff(failures, () => 0)),
      [250, 500, 1000, 7500],
    );
    assert.deepEqual(
      [1, 2, 3, 9].map((failures) => backoff(failures, () => 1)),
      [500, 1000, 2000, 15_000],
    );
  });
});

describe('isLoopback', () => {
  it('is true of addresses and names of this machine only', () => {
    for (const host of ['127.0.0.1', '127.9.9.9:5000', 'localhost', 'localhost:1', '[::1]', '[::1]:5000'])
      assert.ok(isLoopback(host), host);
    for (const host of [
      '128.0.0.1',
      '127.0.0.1.example.org',
      'localhost.example.org',
      '[::2]',
      '10.0.0.1:5000',
      '0.0.0.0',
    ]) {
      assert.ok(!isLoopback(host), host);
    }
  });
});
