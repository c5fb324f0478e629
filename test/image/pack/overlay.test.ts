/* What a step leaves in an overlay, as a layer. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  archiveOf,
  digestOfArchive,
  EPOCH,
  NEEDS_ROOT,
  place,
  sealed,
  shell,
  unpacked,
  upperOf,
} from './support/trees.ts';

/** `TYPE PATH` of all that is in a tree. */
function listed(tree: string): string[] {
  return execFileSync('find', [tree, '-mindepth', '1', '-printf', '%y %P\n'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

function xattrs(tree: string): string[] {
  const script = `
import os, sys
for directory, names, files in os.walk(sys.argv[1]):
    for path in [directory] + [os.path.join(directory, name) for name in files]:
        for name in os.listxattr(path, follow_symlinks=False):
            print(os.path.relpath(path, sys.argv[1]), name, os.getxattr(path, name, follow_symlinks=False).decode())
`;
  return execFileSync('python3', ['-c', script, tree], { encoding: 'utf8' }).trim().split('\n');
}

const LOWER = `
  mkdir -p etc/ssl usr/bin usr/share/doc var/cache
  echo one >etc/passwd; echo two >etc/group; echo three >usr/bin/tool; echo doc >usr/share/doc/readme
  ln -s tool usr/bin/alias; chmod 750 var/cache; chown 7:8 var/cache
  find . -exec touch -h -d 2020-02-02 {} +
`;

describe('a layer of what a step left', { skip: NEEDS_ROOT }, () => {
  it('has what was made, changed and deleted, and nothing else', (t) => {
    const path = place(t);
    mkdirSync(`${path}/lower`);
    shell(`${path}/lower`, LOWER);
    const script = `
      mkdir -p opt/app; echo new >opt/app/file; echo more >>etc/passwd
      rm etc/group; rm -r usr/share; mkdir usr/share; echo other >usr/share/file
      chmod 644 usr/bin/tool; touch var/cache/x; rm var/cache/x
    `;
    const { tree, diffId } = sealed(path, 'tree', {
      upper: upperOf(path, 'step', [`${path}/lower`], script),
      lowers: [`${path}/lower`],
    });
    assert.deepEqual(listed(tree), [
      'c etc/group',
      'd etc',
      'd opt',
      'd opt/app',
      'd usr',
      'd usr/share',
      'f etc/passwd',
      'f opt/app/file',
      'f usr/share/file',
    ]);
    assert.deepEqual(xattrs(tree), ['usr/share user.overlay.opaque y']);
    const names = execFileSync('tar', ['-t'], { input: archiveOf(tree), encoding: 'utf8' })
      .trim()
      .split('\n');
    assert.deepEqual(names, [
      'etc/',
      'etc/.wh.group',
      'etc/passwd',
      'opt/',
      'opt/app/',
      'opt/app/file',
      'usr/',
      'usr/share/',
      'usr/share/.wh..wh..opq',
      'usr/share/file',
    ]);
    assert.equal(digestOfArchive(tree), diffId);
    const times = execFileSync('find', [tree, '-not', '-type', 'c', '-printf', '%T@ %P\n'], { encoding: 'utf8' });
    for (const line of times.trim().split('\n'))
      assert.match(line, new RegExp(line.endsWith(' ') ? '^0\\.0+ $' : `^${EPOCH}\\.0+ `));
    assert.deepEqual(unpacked(archiveOf(tree), `${path}/again`), []);
    assert.equal(digestOfArchive(`${path}/again`), diffId);
  });

  it('does not show where something was mounted', (t) => {
    const path = place(t);
    mkdirSync(`${path}/lower`);
    shell(`${path}/lower`, LOWER);
    const upper = upperOf(
      path,
      'step',
      [`${path}/lower`],
      'mkdir -p inputs dev home/me/project etc run/kept; : >etc/hosts; : >etc/own; : >run/kept/file; mkdir opt',
    );
    const { tree } = sealed(path, 'tree', {
      upper,
      lowers: [`${path}/lower`],
      ownPlaces: ['/inputs', '/dev', '/home/me/project', '/etc/hosts', '/run/kept', '/proc'],
    });
    assert.deepEqual(listed(tree), ['d etc', 'd opt', 'd run', 'd run/kept', 'f etc/own', 'f run/kept/file']);
  });

  it('is empty where nothing came of it', (t) => {
    const path = place(t);
    mkdirSync(`${path}/lower`);
    shell(`${path}/lower`, LOWER);
    const script =
      'touch etc/x; rm etc/x; chown 0:0 etc/passwd; : >>usr/bin/tool; mkdir -p a/b; rmdir -p a/b; chown -h 0:0 usr/bin/alias';
    const step = { upper: upperOf(path, 'step', [`${path}/lower`], script), lowers: [`${path}/lower`] };
    assert.deepEqual(listed(sealed(path, 'tree', step).tree), []);
  });

  it('is the same for the same content, whatever came before, and in whichever order', (t) => {
    const path = place(t);
    mkdirSync(`${path}/lower`);
    shell(`${path}/lower`, LOWER);
    const digests = [
      'mkdir d; for n in 1 2 3 4 5; do echo $n >d/$n; done; ln d/2 d/link; rm etc/group; touch -d @1000 d/3',
      'mkdir d; echo x >d/x; for n in 5 4 3 2 1; do echo $n >d/$n; done; rm etc/group; rm d/x; mv d/2 link; ln link d/2; mv link d/link; touch -d @1000.5 d/3',
    ].map((script, at) => {
      const step = { upper: upperOf(path, `step${at}`, [`${path}/lower`], script), lowers: [`${path}/lower`] };
      return sealed(path, `tree${at}`, step).diffId;
    });
    assert.equal(digests[0], digests[1]);
  });

  it('lies above layers of its kind', (t) => {
    const path = place(t);
    mkdirSync(`${path}/lower`);
    shell(`${path}/lower`, LOWER);
    const lowers = [`${path}/lower`];
    for (const [at, script] of ['mkdir a; echo 1 >a/one', 'rm -r a usr/share; mkdir a', 'mkdir usr/share'].entries()) {
      lowers.unshift(sealed(path, `tree${at}`, { upper: upperOf(path, `step${at}`, lowers, script), lowers }).tree);
    }
    assert.deepEqual(listed(`${path}/tree1`), ['c usr/share', 'd a', 'd usr']);
    assert.deepEqual(listed(`${path}/tree2`), ['d usr', 'd usr/share']);
    const upper = upperOf(path, 'last', lowers, 'test -z "$(ls a)"; test -z "$(ls usr/share)"; test -e usr/bin/tool');
    assert.deepEqual(listed(upper), []);
  });
});
