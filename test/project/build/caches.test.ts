import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type CacheOwner, cacheParts } from '../../../src/project/build/caches.ts';
import type { CacheUse } from '../../../src/project/model.ts';
import { emptyStore } from '../../store/directory.ts';

const known = (name: Extract<CacheUse, { kind: 'known' }>['name']): CacheUse => ({ kind: 'known', name });
const NPM = [known('npm')];

function owner(store: string, about: Partial<CacheOwner> = {}): CacheOwner {
  return { store, directory: '/home/ann/shop', shared: true, ...about };
}

describe('caches', () => {
  it('are directories of the store, shown where the package manager looks', (t) => {
    const store = emptyStore(t);
    const { volumes, variables, locks } = cacheParts([known('npm'), known('go')], owner(store));
    assert.deepEqual(
      volumes.map(({ destination, access }) => [destination, access]),
      [
        ['/var/cache/npm', 'rw'],
        ['/var/cache/go/modules', 'rw'],
        ['/var/cache/go/build', 'rw'],
      ],
    );
    for (const { source } of volumes) assert.equal((statSync(source).mode & 0o7777).toString(8), '755', source);
    assert.deepEqual(new Map(variables).get('npm_config_cache'), '/var/cache/npm');
    assert.deepEqual(new Map(variables).get('GOCACHE'), '/var/cache/go/build');
    assert.deepEqual(locks, []);
  });

  it("are shared by trusted projects, and are a project's own where it is not trusted", (t) => {
    const store = emptyStore(t);
    const source = (about: Partial<CacheOwner>): string =>
      cacheParts(NPM, owner(store, about)).volumes[0]?.source ?? '';
    const elsewhere = { directory: '/home/ann/other' };
    assert.equal(source({}), source(elsewhere));
    const [mine, theirs] = [source({ shared: false }), source({ ...elsewhere, shared: false })];
    assert.equal(new Set([source({}), mine, theirs]).size, 3);
  });

  it("at a path of the project's choice are never those of another project", (t) => {
    const store = emptyStore(t);
    const source = (path: string, directory: string): string =>
      cacheParts([{ kind: 'path', path }], owner(store, { directory })).volumes[0]?.source ?? '';
    const sources = [source('/a', '/p'), source('/b', '/p'), source('/a', '/q')];
    assert.equal(new Set(sources).size, 3);
    assert.equal(source('/a', '/p'), sources[0]);
  });

  it('of apt are used by one step at a time, and packages stay in them', (t) => {
    const store = emptyStore(t);
    const { volumes, locks } = cacheParts([known('apt'), known('apt')], owner(store));
    const conf = volumes.find(({ destination }) => destination === '/etc/apt/apt.conf.d/docker-clean');
    assert.equal(conf?.access, 'ro');
    assert.match(readFileSync(conf?.source ?? '', 'utf8'), /^APT::Keep-Downloaded-Packages "true";$/m);
    assert.equal(volumes.length, 2);
    assert.equal(locks.length, 1);
  });

  it('of cargo lie where the image has its home', (t) => {
    const store = emptyStore(t);
    const places = (about: Partial<CacheOwner>): string[] =>
      cacheParts([known('cargo')], owner(store, about)).volumes.map(({ destination }) => destination);
    const names = ['registry', 'git', '.package-cache', '.package-cache-mutate'];
    const below = (home: string): string[] => names.map((name) => `${home}/${name}`);
    assert.deepEqual(places({}), below('/root/.cargo'));
    assert.deepEqual(places({ variables: [['CARGO_HOME', '/usr/local/cargo']] }), below('/usr/local/cargo'));
  });

  it('of cargo have its locks, which are files that all share and none loses', (t) => {
    const store = emptyStore(t);
    const locks = (directory: string): string[] =>
      cacheParts([known('cargo')], owner(store, { directory }))
        .volumes.map(({ source }) => source)
        .filter((source) => statSync(source).isFile());
    const [first = '', ...rest] = locks('/home/ann/shop');
    assert.equal(rest.length, 1);
    const { ino } = statSync(first);
    assert.deepEqual(locks('/home/ann/other'), [first, ...rest]);
    assert.equal(statSync(first).ino, ino);
  });
});
