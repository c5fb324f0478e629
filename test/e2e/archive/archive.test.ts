import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { needs } from '../../packages.ts';
import { dockerMembers, imageOf, layoutMembers, runnableLayers } from '../../support/image-archive.ts';
import { archive } from '../../support/tar/write.ts';
import { Terminal } from '../../support/terminal.ts';
import { type Result, runAs } from '../../support/user.ts';
import { at, onTerminal, ordinary, type Place } from '../faults/support/place.ts';
import { content, leftAfterGc, loaded, ownPlace, writeArchive } from '../storage/support/images.ts';

const skip = { skip: ordinary.skip || needs('busybox') };
const skopeo = { skip: skip.skip || needs('skopeo') };
const podman = { skip: skip.skip || needs('podman', 'crun') };

const NAME = 'docker.io/library/small:1';
/** It accepts every image: some distributions have no policy by default. */
const POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}';

function put({ cwd, user }: Place, name: string, data: string | Uint8Array): string {
  const path = `${cwd}/${name}`;
  writeFileSync(path, data);
  chownSync(path, user.uid, user.gid);
  return path;
}

async function well(result: Promise<Result>): Promise<string> {
  const { status, stdout, stderr } = await result;
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Another program, as the account. */
async function other(where: Place, ...words: string[]): Promise<string> {
  return await well(runAs(where.user, words, { cwd: where.cwd, env: where.env }));
}

async function copy(where: Place, from: string, to: string): Promise<void> {
  await other(where, 'skopeo', '--policy', put(where, 'policy.json', POLICY), 'copy', '--quiet', from, to);
}

/** A podman with a storage of its own; the driver that needs nothing of the kernel. */
function podmanAt(t: TestContext, where: Place): (...words: string[]) => Promise<string> {
  const { cwd, user } = where;
  // Podman takes no longer path than 50 characters for this.
  const base = mkdtempSync('/tmp/podman-');
  chownSync(base, user.uid, user.gid);
  const words = ['podman', '--root', `${base}/root`, '--runroot', `${base}/run`, '--storage-driver', 'vfs'];
  // Its files belong to subordinate ids.
  t.after(async () => {
    await runAs(user, ['podman', 'unshare', 'rm', '-rf', `${base}/root`, `${base}/run`], { cwd: '/' });
    rmSync(base, { recursive: true, force: true });
  });
  put(where, 'policy.json', POLICY);
  return async (...more) => {
    const signature = more[0] === 'load' ? ['--signature-policy', `${cwd}/policy.json`] : [];
    const [first = '', ...rest] = more;
    return await other(where, ...words, first, ...signature, ...rest);
  };
}

async function runsHere(where: Place, name: string): Promise<void> {
  const command = ['run', '--workspace', 'none', '--pull', 'never', name, '--', 'sh', '-c'];
  const script = 'cat /etc/above; stat -c %u:%a /private';
  assert.equal(await well(at(where, [...command, script])), 'above\n101:700\n', name);
}

describe('sandbox load', skip, () => {
  it('takes an archive from a file, from a pipe, compressed, and a directory', skip, async (t) => {
    const where = ownPlace(t, 'load');
    const { gzipSync, zstdCompressSync } = await import('node:zlib');
    const tar = archive(layoutMembers([{ image: imageOf(runnableLayers('zstd')), names: ['small:1'] }]));
    const expected = `Loaded image: ${NAME}\n`;
    for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      assert.equal(await well(at(where, ['load', '-q', '-i', put(where, 'archive', bytes)])), expected);
      assert.equal(await well(at(where, ['load', '-q'], { input: bytes })), expected);
      await runsHere(where, 'small:1');
      await well(at(where, ['image', 'rm', 'small:1']));
    }
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('takes several images, and one without a name', skip, async (t) => {
    const where = ownPlace(t, 'load');
    const image = imageOf(runnableLayers('none'));
    const unnamed = imageOf(runnableLayers('none'), { label: 'unnamed' });
    const tar = archive(
      dockerMembers([
        { image, names: ['small:1', 'quay.io/x/y:2'] },
        { image: unnamed, names: [] },
      ]),
    );
    const lines = (await well(at(where, ['load', '-q'], { input: tar }))).split('\n');
    assert.deepEqual(lines.slice(0, 2), [`Loaded image: ${NAME}`, 'Loaded image: quay.io/x/y:2']);
    assert.match(lines[2] ?? '', /^Loaded image: sha256:[0-9a-f]{64}$/);
    await runsHere(where, 'quay.io/x/y:2');
    assert.equal((await well(at(where, ['image', 'ls', '-a', '-q']))).trim().split('\n').length, 2);
  });

  it('that fails shows nothing, and leaves nothing', skip, async (t) => {
    const where = ownPlace(t, 'load');
    const whole = archive(layoutMembers([{ image: imageOf(runnableLayers()), names: ['small:1'] }]));
    for (const [bytes, message] of [
      [whole.subarray(0, whole.length / 2), /damaged/],
      [Buffer.from('no archive'), /damaged|no image archive/],
      [archive([{ name: 'bin/sh', data: '' }]), /no image archive[\s\S]*--rootfs/],
    ] as const) {
      const { status, stderr, stdout } = await at(where, ['load'], { input: bytes });
      assert.deepEqual([status, stdout], [125, '']);
      assert.match(stderr, message);
      assert.deepEqual(await content(where.store), []);
    }
    // A layer that is no archive: found when it is unpacked.
    const bad = imageOf([{ tar: Buffer.from('no tar'.repeat(500)), compression: 'gzip' }]);
    const { status } = await at(where, ['load'], { input: archive(layoutMembers([{ image: bad, names: ['bad:1'] }])) });
    assert.equal(status, 125);
    assert.equal(await well(at(where, ['image', 'ls', '-a', '-q'])), '');
    assert.deepEqual(await leftAfterGc(where), []);
  });

  it('says what is missing on a terminal', { skip: onTerminal.skip }, async (t) => {
    const where = ownPlace(t, 'load');
    const { user, cwd, env } = where;
    const terminal = await Terminal.open(t, user, [user.sandbox, 'load'], { cwd, env });
    await terminal.see(/standard input is a terminal[\s\S]*--input FILE/);
    assert.equal(await terminal.end(), 125);
  });
});

describe('sandbox save', skip, () => {
  it('gives what loads again, in every format', skip, async (t) => {
    const where = ownPlace(t, 'save');
    await loaded(where, ['small:1']);
    for (const format of ['docker-archive', 'oci-archive', 'oci-dir']) {
      await well(at(where, ['save', '--format', format, '-o', 'out', 'small:1']));
      await well(at(where, ['image', 'rm', 'small:1']));
      assert.equal(await well(at(where, ['load', '-q', '-i', 'out'])), `Loaded image: ${NAME}\n`);
      await runsHere(where, 'small:1');
      rmSync(`${where.cwd}/out`, { recursive: true });
    }
    assert.deepEqual(readdirSync(where.cwd), ['small.tar']);
  });

  it('writes to standard output, but to no terminal', { skip: onTerminal.skip || skip.skip }, async (t) => {
    const where = ownPlace(t, 'save');
    await loaded(where, ['small:1']);
    const { user, cwd, env } = where;
    const piped = await runAs(user, ['sh', '-c', `${user.sandbox} save small:1 | ${user.sandbox} load -q`], {
      cwd,
      env,
    });
    assert.equal(piped.stdout, `Loaded image: ${NAME}\n`, piped.stderr);
    const terminal = await Terminal.open(t, user, [user.sandbox, 'save', 'small:1'], { cwd, env });
    await terminal.see(/not written to a terminal/);
    assert.equal(await terminal.end(), 125);
    const closed = await runAs(user, ['sh', '-c', `${user.sandbox} save small:1 | head -c 10 >/dev/null; echo ok`], {
      cwd,
      env,
    });
    assert.deepEqual([closed.stdout, closed.stderr], ['ok\n', '']);
  });

  it('refuses what it cannot do, and leaves nothing', skip, async (t) => {
    const where = ownPlace(t, 'save');
    await loaded(where, ['small:1']);
    mkdirSync(`${where.cwd}/full`);
    writeFileSync(`${where.cwd}/full/file`, '');
    for (const [words, message] of [
      [['save', '-o', 'x', 'nothing:1'], /there is no image .*nothing:1/],
      [['save', '-o', 'x'], /no image given/],
      [['save', '--format', 'oci-dir', 'small:1'], /--output DIRECTORY/],
      [['save', '--format', 'oci-dir', '-o', 'full', 'small:1'], /there already/],
      [['save', '--format', 'zip', '-o', 'x', 'small:1'], /docker-archive or oci-archive/],
      [['save', '-o', '/proc/x', 'small:1'], /cannot be written/],
    ] as const) {
      const { status, stderr } = await at(where, words);
      assert.equal(status, 125, words.join(' '));
      assert.match(stderr, message);
    }
    assert.deepEqual(readdirSync(where.cwd).sort(), ['full', 'small.tar']);
  });
});

describe('archives of other programs', skip, () => {
  it('skopeo reads ours, and we read its', skopeo, async (t) => {
    const where = ownPlace(t, 'skopeo');
    await loaded(where, ['small:1']);
    const KINDS = [
      ['docker-archive', 'docker-archive:out:docker.io/library/small:1', 'docker-archive:theirs:small:1'],
      ['oci-archive', 'oci-archive:out', 'oci-archive:theirs:small:1'],
      ['oci-dir', `oci:out:${NAME}`, 'oci:theirs:small:1'],
    ] as const;
    for (const [format, from, to] of KINDS) {
      await well(at(where, ['save', '--format', format, '-o', 'out', 'small:1']));
      await copy(where, from, to);
      await well(at(where, ['image', 'rm', 'small:1']));
      assert.equal(await well(at(where, ['load', '-q', '-i', 'theirs'])), `Loaded image: ${NAME}\n`, format);
      await runsHere(where, 'small:1');
      for (const name of ['out', 'theirs']) rmSync(`${where.cwd}/${name}`, { recursive: true });
    }
    // The store itself is a layout.
    await copy(where, `oci:${where.store}/images:${NAME}`, 'oci-archive:out:small:1');
  });

  it('podman reads ours, and we read its', podman, async (t) => {
    const where = ownPlace(t, 'podman');
    const run = podmanAt(t, where);
    await loaded(where, ['small:1']);
    for (const format of ['docker-archive', 'oci-archive'] as const) {
      await well(at(where, ['save', '--format', format, '-o', 'out', 'small:1']));
      assert.match(await run('load', '-q', '-i', 'out'), /^Loaded image: docker.io\/library\/small:1$/m);
      await run('save', '-q', '--format', format, '-o', 'theirs', 'small:1');
      await run('rmi', 'small:1');
      await well(at(where, ['image', 'rm', 'small:1']));
      assert.equal(await well(at(where, ['load', '-q', '-i', 'theirs'])), `Loaded image: ${NAME}\n`, format);
      await runsHere(where, 'small:1');
      for (const name of ['out', 'theirs']) rmSync(`${where.cwd}/${name}`);
    }
  });

  it('oci-image-tool accepts our layouts', { skip: skip.skip || needs('oci-image-tool') }, async (t) => {
    const where = ownPlace(t, 'oci-image-tool');
    await loaded(where, ['small:1']);
    await well(at(where, ['load', '-q', '-i', writeArchive(where, ['other:1'], 'apart')]));
    await well(at(where, ['save', '--format', 'oci-dir', '-o', 'out', 'small:1', 'other:1']));
    const { status, stdout, stderr } = await runAs(
      where.user,
      ['oci-image-tool', 'validate', '--type', 'image', 'out'],
      {
        cwd: where.cwd,
      },
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout + stderr, /Validation succeeded/);
    assert(existsSync(`${where.cwd}/out/oci-layout`));
  });
});
