import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { familiarName, formatReference, parseReference } from '../../src/image/reference.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = `sha256:${HEX}`;

function refusal(text: string): { code: string; message: string; hint: string | undefined } {
  try {
    parseReference(text);
  } catch (error) {
    return error as { code: string; message: string; hint: string | undefined };
  }
  return assert.fail(`${text} was accepted`);
}

describe('parseReference', () => {
  for (const [typed, full, familiar] of [
    ['ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
    ['ubuntu:24.04', 'docker.io/library/ubuntu:24.04', 'ubuntu:24.04'],
    ['docker.io/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
    ['index.docker.io/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
    ['docker.io/library/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest', 'grafana/grafana:latest'],
    ['a/b/c', 'docker.io/a/b/c:latest', 'a/b/c:latest'],
    ['quay.io/centos/centos:stream9', 'quay.io/centos/centos:stream9', 'quay.io/centos/centos:stream9'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000/app:latest'],
    ['127.0.0.1:5000/bigapp:1', '127.0.0.1:5000/bigapp:1', '127.0.0.1:5000/bigapp:1'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['host:5000/app', 'host:5000/app:latest', 'host:5000/app:latest'],
    ['Quay.IO/app', 'quay.io/app:latest', 'quay.io/app:latest'],
    ['a__b/c-d---e.f', 'docker.io/a__b/c-d---e.f:latest', 'a__b/c-d---e.f:latest'],
    // Without a slash the dot says nothing.
    ['foo.bar', 'docker.io/library/foo.bar:latest', 'foo.bar:latest'],
    [`ubuntu@${DIGEST}`, `docker.io/library/ubuntu@${DIGEST}`, `ubuntu@${DIGEST}`],
    [`ubuntu:24.04@${DIGEST}`, `docker.io/library/ubuntu:24.04@${DIGEST}`, `ubuntu:24.04@${DIGEST}`],
    [`h:1/a@sha512:${HEX}${HEX}`, `h:1/a@sha512:${HEX}${HEX}`, `h:1/a@sha512:${HEX}${HEX}`],
    // The short form would lead to the registry foo.com.
    ['docker.io/foo.com/bar', 'docker.io/foo.com/bar:latest', 'docker.io/foo.com/bar:latest'],
  ] as const) {
    it(`takes ${typed.slice(0, 60)} as ${full.slice(0, 60)}`, () => {
      const reference = parseReference(typed);
      assert.equal(formatReference(reference), full);
      assert.equal(familiarName(reference), familiar);
      assert.deepEqual(parseReference(full), reference);
    });
  }

  for (const [typed, part] of [
    ['', 'empty'],
    ['Ubuntu', 'lower case'],
    ['Foo/bar', 'lower case'],
    ['quay.io/Foo/bar', 'lower case'],
    ['ubuntu:', 'tag'],
    ['ubuntu:-x', 'tag'],
    [`ubuntu:${'x'.repeat(129)}`, 'tag'],
    ['ubuntu@', 'digest'],
    ['ubuntu@sha256:abc', 'digest'],
    [`ubuntu@sha256:${HEX.toUpperCase()}`, 'digest'],
    [`ubuntu@md5:${HEX}`, 'digest'],
    [`ubuntu@${DIGEST}@${DIGEST}`, 'digest'],
    [HEX, '64 hexadecimal'],
    ['a//b', 'cannot be a name'],
    ['/a', 'cannot be a name'],
    ['a/', 'cannot be a name'],
    ['a/../b', 'cannot be a name'],
    ['a___b', 'cannot be a name'],
    ['-a', 'cannot be a name'],
    ['a b', 'cannot be a name'],
    ['host:0/a', 'registry'],
    ['host:65536/a', 'registry'],
    ['ho_st:5000/a', 'registry'],
    ['-host.org/a', 'registry'],
    ['quay.io/', 'cannot be a name'],
    ['https://quay.io/app', 'URL'],
    ['docker://ubuntu', 'URL'],
    [`a/${'b'.repeat(255)}`, '255'],
    ['a\0b', 'cannot be a name'],
  ] as const) {
    it(`refuses ${JSON.stringify(typed.slice(0, 60))}: ${part}`, () => {
      const { code, message, hint } = refusal(typed);
      assert.equal(code, 'REFERENCE');
      assert.match(message, new RegExp(part));
      assert.ok(hint);
    });
  }

  it('shows no control characters of what was typed', () => {
    assert.doesNotMatch(refusal('a\x1b[31m\u202eb').message, /[\p{Cc}\p{Cf}]/u);
  });

  it('follows aliases where no registry is named', () => {
    const aliases = new Map([
      ['fedora', 'registry.fedoraproject.org/fedora'],
      ['team/app', '127.0.0.1:5000/app'],
    ]);
    const full = (text: string): string => formatReference(parseReference(text, { aliases }));
    assert.equal(full('fedora:40'), 'registry.fedoraproject.org/fedora:40');
    assert.equal(full('team/app'), '127.0.0.1:5000/app:latest');
    assert.equal(full('docker.io/fedora'), 'docker.io/library/fedora:latest');
    assert.equal(full('fedora/x'), 'docker.io/fedora/x:latest');
  });

  const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
  const registry = fc.stringMatching(/^(?:localhost|[a-z0-9]{1,6}\.[a-z]{2,4}|127\.0\.0\.1)(?::[1-9][0-9]{0,3})?$/);
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);

  it('gives the same reference for the full and the familiar name', () => {
    fc.assert(
      fc.property(
        fc.oneof(registry, fc.constant('docker.io')),
        fc.array(component, { minLength: 1, maxLength: 4 }),
        fc.option(tag),
        fc.boolean(),
        (host, path, name, withDigest) => {
          const text = [host, ...path].join('/');
          const reference = parseReference(
            `${text}${name === null ? '' : `:${name}`}${withDigest ? `@${DIGEST}` : ''}`,
          );
          assert.deepEqual(parseReference(formatReference(reference)), reference);
          assert.deepEqual(parseReference(familiarName(reference)), reference);
        },
      ),
    );
  });

  it('accepts or refuses anything, and fails in no other way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        try {
          const { registry: host, repository } = parseReference(text);
          assert.match(host, /^[a-z0-9.:[\]-]+$/);
          assert.match(repository, /^[a-z0-9._/-]+$/);
          assert.ok(!repository.split('/').some((part) => part === '' || part === '.' || part === '..'));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'REFERENCE');
        }
      }),
    );
  });
});
