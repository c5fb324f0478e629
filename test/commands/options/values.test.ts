import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseByteSize } from '../../../src/commands/options/byte-size.ts';
import { hostnameFor, parseHostname, parseSandboxName } from '../../../src/commands/options/names.ts';
import { parseInsidePath, parseMountPoint } from '../../../src/commands/options/path.ts';
import { parseTmpfs } from '../../../src/commands/options/tmpfs.ts';
import { parseUser } from '../../../src/commands/options/user.ts';
import { parseVolume } from '../../../src/commands/options/volume.ts';
import { anyText, parsesOrRefuses, refuses } from './refusal.ts';

describe('parseVolume', () => {
  it('takes a source, a destination and the access', () => {
    const rw = { unsafeSource: '/src', destination: '/dst', access: 'rw' };
    assert.deepEqual(parseVolume('/src:/dst'), rw);
    assert.deepEqual(parseVolume('/src:/dst:rw'), rw);
    assert.deepEqual(parseVolume('../a b:/x/../y//z/:ro'), {
      unsafeSource: '../a b',
      destination: '/y/z',
      access: 'ro',
    });
  });

  it('keeps bytes that are not UTF-8', () => {
    assert.equal(parseVolume('/\udcff:/d\udc80').destination, '/d\udc80');
  });

  it('refuses other forms, named volumes, and the root as a destination', () => {
    refuses(parseVolume, /^expected SRC:DST or SRC:DST:ro, got "/, ['', '/src', ':/dst', '/a:/b:ro:x']);
    refuses(parseVolume, /^expected a source that starts with \/ or \., got "/, ['data:/dst', '~/x:/dst']);
    refuses(parseVolume, /^expected an absolute path/, ['/src:dst', '/src:']);
    refuses(parseVolume, /^expected a place below the root/, ['/src:/', '/src:/a/..']);
    refuses(parseVolume, /^expected rw or ro, got "(z|)"$/, ['/src:/dst:z', '/src:/dst:']);
  });

  it('gives a normal absolute destination or a UsageError for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('/', '.', ':', 'a', 'ro') })), (text) => {
        parsesOrRefuses((each) => {
          const { destination } = parseVolume(each);
          assert.match(destination, /^\/[^/]/);
          assert(!destination.split('/').some((part) => part === '.' || part === '..'));
          assert.equal(parseInsidePath(destination), destination);
        }, text);
      }),
    );
  });
});

describe('parseTmpfs', () => {
  it('takes a destination, a size and a mode', () => {
    assert.deepEqual(parseTmpfs('/scratch'), { destination: '/scratch', mode: 0o1777 });
    assert.deepEqual(parseTmpfs('/s:size=64m,mode=700'), { destination: '/s', size: 64 * 2 ** 20, mode: 0o700 });
  });

  it('refuses other settings and bad values', () => {
    refuses(parseTmpfs, /^expected size=BYTES or mode=OCTAL after the colon, got "/, [
      '/s:',
      '/s:noexec',
      '/s:size',
      '/s:sise=1m',
    ]);
    refuses(parseTmpfs, /^expected a size such as/, ['/s:size=', '/s:size=50%', '/s:size=0', '/s:size=-1']);
    refuses(parseTmpfs, /^expected a mode in octal/, ['/s:mode=9', '/s:mode=17777', '/s:mode=']);
    refuses(parseTmpfs, /^expected an absolute path/, ['', 'scratch', ':size=1m']);
  });
});

describe('parseByteSize', () => {
  it('counts in units of 1024', () => {
    const sizes: ReadonlyArray<readonly [string, number]> = [
      ['4096', 4096],
      ['1b', 1],
      ['1k', 1024],
      ['1.5K', 1536],
      ['64m', 67_108_864],
      ['2GiB', 2_147_483_648],
      ['1tb', 1_099_511_627_776],
    ];
    for (const [text, bytes] of sizes) assert.equal(parseByteSize(text), bytes, text);
  });

  it('refuses what is no size, nothing, or too much', () => {
    refuses(parseByteSize, /^expected a size/, ['', 'm', '1x', '1 m', '0', '0.1', '1e3', '-1', '999999999999999t']);
  });
});

describe('parseUser', () => {
  it('takes numbers and names', () => {
    assert.deepEqual(parseUser('1000'), { kind: 'id', uid: 1000, gid: 1000 });
    assert.deepEqual(parseUser('0:50'), { kind: 'id', uid: 0, gid: 50 });
    assert.deepEqual(parseUser('www-data'), { kind: 'name', user: 'www-data' });
    assert.deepEqual(parseUser('alice:staff'), { kind: 'name', user: 'alice', group: 'staff' });
  });

  it('refuses anything else, and the id that means none', () => {
    refuses(parseUser, /^expected UID, UID:GID, NAME or NAME:GROUP, got "/, ['', ':', ':5', 'alice:']);
    refuses(parseUser, /^expected an id from 0 to 4294967294, got "/, [
      '4294967295',
      '1x',
      '99999999999',
      '1:4294967295',
      '1:2:3',
    ]);
    refuses(parseUser, /^expected a user's or group's name, got "/, ['-x', 'a b', 'alice:5', 'a:b:c', '../x']);
    refuses(parseUser, /^expected UID:GID, both as numbers/, ['5:staff']);
  });
});

describe('names', () => {
  it('takes the names of sandboxes that are file names too', () => {
    for (const name of ['a', 'web.site_2-x', '9', 'x'.repeat(63)]) assert.equal(parseSandboxName(name), name);
    refuses(parseSandboxName, /^expected a sandbox's name/, [
      '',
      '.',
      '..',
      '-x',
      '_x',
      'a/b',
      'a b',
      'ä',
      'x'.repeat(64),
      'a\n',
    ]);
  });

  it('takes host names of RFC 1123', () => {
    for (const name of ['a', 'web-1.example.org', 'x'.repeat(63)]) assert.equal(parseHostname(name), name);
    refuses(parseHostname, /^expected a host name/, [
      '',
      '-a',
      'a-',
      'a..b',
      '.a',
      'a_b',
      'a b',
      'x'.repeat(64),
      `${'x.'.repeat(32)}x`,
    ]);
  });

  it('makes a host name of every name of a sandbox', () => {
    assert.equal(hostnameFor('my_site.v2'), 'my-site.v2');
    const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/);
    fc.assert(fc.property(name, (each) => assert.doesNotThrow(() => parseHostname(hostnameFor(each)))));
  });
});

describe('paths inside', () => {
  it('are made normal', () => {
    assert.equal(parseInsidePath('/'), '/');
    assert.equal(parseInsidePath('//a/./b/../c//'), '/a/c');
    assert.equal(parseInsidePath('/../..'), '/');
  });

  it('are absolute, and mount points below the root', () => {
    refuses(parseInsidePath, /^expected an absolute path, which starts with \/, got "/, ['', 'a', './a', '~']);
    refuses(parseMountPoint, /^expected a place below the root/, ['/', '/.', '/a/..']);
    const kernel = ['/proc', '/proc/', '/proc/self', '/a/../proc/sys', '/sys', '/sys/fs/cgroup'];
    refuses(parseMountPoint, /^expected a place that is not in \/proc or \/sys/, kernel);
    assert.equal(parseMountPoint('/process'), '/process');
  });
});

it('every parser of one value gives a value or a UsageError', () => {
  for (const parse of [parseTmpfs, parseByteSize, parseUser, parseSandboxName, parseHostname, parseInsidePath]) {
    fc.assert(fc.property(anyText, (text) => parsesOrRefuses(parse, text)));
  }
});
