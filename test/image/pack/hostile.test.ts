/* Upper directories of steps that mean harm, and the forms that other drivers leave. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { archiveChunks } from '../../../src/image/pack/archive.ts';
import { scanTree } from '../../../src/image/pack/scan.ts';
import {
  archiveOf,
  calls,
  digestOfArchive,
  EPOCH,
  NEEDS_ROOT,
  place,
  sealed,
  shell,
  unpacked,
} from './support/trees.ts';

function upper(path: string, script: string): string {
  mkdirSync(`${path}/upper`, { mode: 0o755 });
  shell(`${path}/upper`, script);
  return `${path}/upper`;
}

const PYTHON = (script: string): string => `python3 - <<'END'\nimport os, socket\n${script}\nEND`;

describe('an upper directory that means harm', { skip: NEEDS_ROOT }, () => {
  it('does not reach what its links lead to', (t) => {
    const path = place(t);
    mkdirSync(`${path}/outside`);
    writeFileSync(`${path}/outside/secret`, 'secret');
    shell(`${path}/outside`, 'mkdir empty; ln -s nowhere dangling; touch -d @5 secret empty .');
    const names = `etc dev proc sys inputs`;
    const script = `
      for name in ${names}; do ln -s ${path}/outside $name; done
      ln -s ../../../../../../../..${path}/outside/secret relative; mkdir d; ln -s ../../outside d/in
    `;
    const ownPlaces = ['/etc/secret', '/dev/empty', '/inputs/empty', '/d/in/empty', '/proc', '/../outside/empty'];
    const { tree } = sealed(path, 'tree', { upper: upper(path, script), lowers: [`${path}/outside`], ownPlaces });
    assert.deepEqual(readdirSync(`${path}/outside`).sort(), ['dangling', 'empty', 'secret']);
    for (const name of ['secret', 'empty', '.']) assert.equal(statSync(`${path}/outside/${name}`).mtimeMs, 5000);
    assert.equal(archiveOf(tree).includes('secret\0'), true);
    const listed = execFileSync('tar', ['-tv'], { input: archiveOf(tree), encoding: 'utf8' });
    assert.match(listed, new RegExp(` dev -> ${path}/outside\n`));
    assert.doesNotMatch(listed, /^[^l]\S+ .* (?:etc|dev|proc|sys|inputs)/m);
  });

  it('is not waited for, and its sockets are left out', { timeout: 20_000 }, (t) => {
    const path = place(t);
    const made = upper(path, `mkfifo fifo; mkdir run; ${PYTHON('socket.socket(socket.AF_UNIX).bind("run/socket")')}`);
    const { tree } = sealed(path, 'tree', { upper: made });
    assert.deepEqual(readdirSync(tree).sort(), ['fifo', 'run']);
    assert.deepEqual(readdirSync(`${tree}/run`), []);
  });

  it('has no device but a whiteout', (t) => {
    for (const [name, node] of [
      ['null', 'c 1 3'],
      ['disk', 'b 7 0'],
      ['zero', 'c 0 1'],
    ] as const) {
      const path = place(t);
      const seal = (): unknown => sealed(path, 'tree', { upper: upper(path, `mkdir d; mknod d/${name} ${node}`) });
      assert.throws(seal, { code: 'PACK', message: `"d/${name}" cannot be in a layer: it is a device` });
    }
  });

  it('has no names that would be whiteouts for others', (t) => {
    const refused = [
      ': >d/.wh.file',
      ': >d/.wh.below',
      'echo content >d/.wh.below',
      'mkdir d/.wh.below',
      'ln -s below d/.wh.below',
      'mkfifo d/.wh.below',
      ': >d/.wh.',
      ': >d/.wh...',
      ': >d/.wh..wh.plnk',
      // Of nobody but fuse-overlayfs, and there only beside its attribute.
      ': >d/.wh..wh..opq',
      ': >.wh..wh..opq',
      'mkdir d/.wh..wh..opq',
      `: >d/.wh..wh..opq; ${PYTHON("os.setxattr('d', 'user.fuseoverlayfs.opaque', b'n')")}`,
      `: >d/.wh..wh..opq; ${PYTHON("os.setxattr('d', 'user.overlay.opaque', b'y')")}`,
      `echo x >d/.wh..wh..opq; ${PYTHON("os.setxattr('d', 'user.fuseoverlayfs.opaque', b'y')")}`,
    ];
    for (const script of refused) {
      const path = place(t);
      mkdirSync(`${path}/lower`);
      shell(`${path}/lower`, 'mkdir d; echo below >d/below; echo file >d/file');
      const made = upper(path, `mkdir d; ${script}`);
      const seal = (): unknown => sealed(path, 'tree', { upper: made, lowers: [`${path}/lower`] });
      const message = /^"(d\/)?\.wh\..*" cannot be in a layer: names that begin with \.wh\. mean/;
      assert.throws(seal, { code: 'PACK', message, hint: 'give it another name' }, script);
    }
  });

  it('has no list that gives more to the group when it is gone', (t) => {
    const path = place(t);
    // Of the owner, user 5, the group, the mask and others: acl(5). The mask is what the mode shows.
    const list = (user: number, named: number, group: number, mask: number): string =>
      `b'\\x02\\0\\0\\0' + b''.join(struct.pack('<HHI', *e) for e in [(1, ${user}, 0xffffffff), (2, ${named}, 5), (4, ${group}, 0xffffffff), (16, ${mask}, 0xffffffff), (32, 0, 0xffffffff)])`;
    const script = `
import struct
os.umask(0o077)
for name in ['closed', 'open', 'masked']: open(name, 'w').write('x')
os.mkdir('dir')
os.setxattr('closed', 'system.posix_acl_access', ${list(6, 6, 0, 6)})
os.setxattr('open', 'system.posix_acl_access', ${list(6, 6, 4, 6)})
os.setxattr('masked', 'system.posix_acl_access', ${list(6, 6, 7, 4)})
os.setxattr('dir', 'system.posix_acl_access', ${list(7, 7, 5, 7)})
os.setxattr('dir', 'system.posix_acl_default', ${list(7, 7, 5, 7)})
for name in ['closed', 'open', 'masked', 'dir']: print(oct(os.stat(name).st_mode & 0o7777))`;
    const made = upper(path, '');
    assert.equal(shell(made, PYTHON(script)), '0o660\n0o660\n0o640\n0o770\n', 'the control: with their lists');
    const { tree } = sealed(path, 'tree', { upper: made });
    const modes = ['closed', 'open', 'masked', 'dir'].map((name) =>
      (statSync(`${tree}/${name}`).mode & 0o7777).toString(8),
    );
    assert.deepEqual(modes, ['600', '640', '640', '750']);
    assert.equal(shell(tree, PYTHON("print(os.listxattr('closed'), os.listxattr('dir'))")), '[] []\n');
    assert.equal(archiveOf(tree).includes('posix_acl'), false);
  });

  it('may have any names, and shows them in errors without what moves a cursor', (t) => {
    const path = place(t);
    const script = `open(b'a\\nb \\xff\\x1b[2J', 'w'); os.mkdir(b'\\xe2\\x80\\xae'); os.symlink('x', ' -> etc'); open('PaxHeaders', 'w')`;
    const { tree, diffId } = sealed(path, 'tree', { upper: upper(path, PYTHON(script)) });
    assert.deepEqual(unpacked(archiveOf(tree), `${path}/again`), []);
    assert.equal(digestOfArchive(`${path}/again`), diffId);
    const other = place(t);
    const made = upper(other, PYTHON(`os.mknod(b'a\\nb \\xff\\x1b[2J', 0o020000, os.makedev(1, 3))`));
    assert.throws(
      () => sealed(other, 'tree', { upper: made }),
      (error: Error) => {
        assert.match(error.message, /^"a\\nb \\ufffd\\u001b\[2J" cannot be in a layer/);
        return true;
      },
    );
  });

  it('may nest deep, and no deeper than can be walked', (t) => {
    const deep = (levels: number): string =>
      PYTHON(`
at = os.open('.', os.O_RDONLY)
for _ in range(${levels}):
    os.mkdir('d', dir_fd=at); below = os.open('d', os.O_RDONLY, dir_fd=at); os.close(at); at = below`);
    const path = place(t);
    assert.equal(sealed(path, 'tree', { upper: upper(path, deep(512)) }).entries, 512);
    const other = place(t);
    const made = upper(other, deep(513));
    assert.throws(() => sealed(other, 'tree', { upper: made }), { code: 'PACK', message: /too deep/ });
  });

  it('takes bounded memory for a huge file of nothing, and is refused over the limit', (t) => {
    const path = place(t);
    const made = upper(path, 'echo x >small; : >huge');
    truncateSync(`${made}/huge`, 2 ** 43);
    const root = openSync(made, 'r');
    try {
      const before = process.memoryUsage().rss;
      let bytes = 0;
      assert.throws(
        () => {
          for (const chunk of archiveChunks(scanTree(calls, root), { calls, root, limit: 2 ** 40 }))
            bytes += chunk.length;
        },
        { code: 'PACK', message: /"huge" .* more than 1099511627776 bytes/ },
      );
      assert.equal(bytes, 0);
      truncateSync(`${made}/huge`, 2 ** 30);
      for (const chunk of archiveChunks(scanTree(calls, root), { calls, root, limit: 2 ** 40 })) bytes += chunk.length;
      assert.equal(bytes, 2 ** 30 + 5 * 512 + 0);
      assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20);
    } finally {
      closeSync(root);
    }
  });

  it('may have ten thousand entries', (t) => {
    const path = place(t);
    const script = `
for d in range(100):
    os.mkdir(f'd{d}')
    for f in range(100):
        with open(f'd{d}/f{f}', 'w') as file: file.write('x' * f)`;
    const made = upper(path, PYTHON(script));
    const begun = performance.now();
    assert.equal(sealed(path, 'tree', { upper: made }).entries, 10_100);
    const took = performance.now() - begun;
    t.diagnostic(`${Math.round(took)} ms`);
    assert.ok(took < 10_000);
  });

  it('cannot say where other files are', (t) => {
    const path = place(t);
    const names = ['origin', 'impure', 'nlink', 'uuid', 'redirect', 'metacopy', 'protattr', 'whiteout', 'upper'];
    const script = `
os.mkdir('d'); open('d/f', 'w').write('x')
for at in ['.', 'd', 'd/f']:
    for name in ${JSON.stringify(names)}: os.setxattr(at, 'user.overlay.' + name, b'/etc')
    os.setxattr(at, 'user.overlay.opaque', b'x'); os.setxattr(at, 'user.fuseoverlayfs.origin', b'1'); os.setxattr(at, 'user.own', b'1')`;
    const { tree } = sealed(path, 'tree', { upper: upper(path, PYTHON(script)) });
    const left = `for at in ['.', 'd', 'd/f']: print(at, os.listxattr(at))`;
    assert.equal(shell(tree, PYTHON(left)), ". ['user.own']\nd ['user.own']\nd/f ['user.own']\n");
    assert.equal(archiveOf(tree).includes('overlay'), false);
  });
});

describe('the forms of fuse-overlayfs', { skip: NEEDS_ROOT }, () => {
  it('give the same layer as those of the kernel', (t) => {
    const path = place(t);
    mkdirSync(`${path}/lower`);
    shell(`${path}/lower`, 'mkdir a b c; echo 1 >a/gone; echo 2 >b/x; echo 3 >c/x; echo 4 >file');
    const common = 'mkdir a b c new; echo n >b/n; echo n >c/n; echo n >new/n';
    const mark = (name: string, value: string, at: string): string =>
      PYTHON(`os.setxattr('${at}', '${name}', b'${value}')`);
    const digests = [
      `${common}; mknod a/gone c 0 0; mknod file c 0 0\n${mark('user.overlay.opaque', 'y', 'b')}\n${mark('user.overlay.opaque', 'y', 'c')}`,
      `${common}; mknod a/gone c 0 0; mknod file c 0 0\n${['b', 'c', 'new'].map((at) => mark('user.fuseoverlayfs.opaque', 'y', at)).join('\n')}`,
      // As 1.10 does it: a file and a device over it besides, and a device for each name that came and went.
      `${common}; mknod a/gone c 0 0; mknod file c 0 0; for d in b c new; do : >$d/.wh..wh..opq; mknod $d/.wh..opq c 0 0; done; mknod a/came c 0 0; mknod b/x c 0 0\n${['b', 'c', 'new'].map((at) => mark('user.fuseoverlayfs.opaque', 'y', at)).join('\n')}`,
    ].map((script, at) => {
      mkdirSync(`${path}/upper${at}`, { mode: 0o755 });
      shell(`${path}/upper${at}`, `${script}\nfind . -exec touch -h -d @${EPOCH + 100 + at} {} +`);
      return sealed(path, `tree${at}`, { upper: `${path}/upper${at}`, lowers: [`${path}/lower`] }).diffId;
    });
    assert.deepEqual(digests, [digests[0], digests[0], digests[0]]);
    assert.deepEqual([...readdirSync(`${path}/tree2/b`), ...readdirSync(`${path}/tree2/new`)], ['n', 'n']);
  });
});
