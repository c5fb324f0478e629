import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileLauncher } from '../../../src/launch/compile.ts';
import type { OverlayLayers, SetupOp } from '../../../src/launch/operations.ts';

/** The calls of one operation, a line each. */
function calls(operation: SetupOp): string[] {
  const launcher = compileLauncher([operation], { arch: 'x86_64' });
  return launcher
    .calls()
    .filter(({ step }) => step === 0)
    .map(({ name, arguments: words }) => `${name}(${words.join(', ')})`);
}

const layers = (lower: readonly string[]): OverlayLayers => ({
  lower,
  upper: { directory: 'upper', work: 'work' },
  volatile: true,
});

const root = (lower: readonly string[]): string[] => calls({ op: 'mountRootOverlay', layers: layers(lower) });

describe('an overlay', () => {
  test('is configured option by option where its layers are short, and trusts no attribute of theirs', () => {
    const options = root(['/a', '/b']).flatMap(
      (call) => /^fsconfig\(.*?, "(.*?)", (.*), 0\)$/.exec(call)?.slice(1, 3) ?? [],
    );
    for (const pair of [
      ['lowerdir', '"/a:/b"'],
      ['upperdir', '"upper"'],
      ['redirect_dir', '"nofollow"'],
      ['metacopy', '"off"'],
      ['index', '"off"'],
      ['userxattr', '0'],
    ]) {
      const at = options.indexOf(pair[0] ?? '');
      assert.deepEqual(options.slice(at, at + 2), pair);
    }
  });

  for (const [what, lower] of [
    ['many layers', Array.from({ length: 500 }, (_, number) => `/store/layers/${number}/tree`)],
    ['long paths', [`/${'x'.repeat(300)}`]],
    ['paths with a meaning for overlayfs', ['/a:b', '/c,d', '/e\\f']],
  ] as const) {
    test(`of ${what} is mounted by descriptors, in one page of options`, () => {
      const all = root(lower);
      const mount = all.filter((call) => call.startsWith('mount('));
      assert.equal(mount.length, 1);
      const [, text = ''] = /"(lowerdir=[^"]*)"/.exec(mount[0] ?? '') ?? [];
      assert.ok(text.length < 4096, `${text.length} bytes`);
      const names =
        /^lowerdir=([\d:]+),upperdir=(\d+),workdir=(\d+),userxattr,redirect_dir=nofollow,metacopy=off,index=off,volatile$/.exec(
          text,
        );
      assert.ok(names, text);
      assert.equal(names[1]?.split(':').length, lower.length);
      const opened = all.flatMap((call) => /^openat\(AT_FDCWD, (".*?"), /.exec(call)?.[1] ?? []);
      for (const path of lower) assert.ok(opened.includes(JSON.stringify(path)), path);
      assert.ok(all.indexOf('chdir("/proc/self/fd")') < all.indexOf(mount[0] ?? ''));
      const last = Number(names[3]);
      assert.ok(all.includes(`close_range(100, ${last + 1}, 0)`), 'no descriptor of a layer stays open');
    });
  }
});

describe('fuse-overlayfs', () => {
  test('gets the mount by descriptor, a mount namespace and a session of its own', () => {
    const all = calls({
      op: 'mountRootFuseOverlay',
      program: '/usr/bin/fuse-overlayfs',
      layers: layers(['/a', '/b:c']),
    });
    const text = all.join('\n');
    assert.match(text, /unshare\(CLONE_NEWNS\)/);
    assert.match(text, /setsid\(\)/);
    assert.match(
      text,
      /"-o","lowerdir=\/a:\/proc\/self\/fd\/101,upperdir=upper,workdir=work,volatile","\/dev\/fd\/99"/,
    );
    assert.ok(all.some((call) => call.startsWith('fsconfig(') && call.includes('"fd", "99"')));
  });

  test('writes through where the sandbox is kept', () => {
    const kept = { ...layers(['/a']), volatile: false };
    const all = calls({ op: 'mountRootFuseOverlay', program: '/usr/bin/fuse-overlayfs', layers: kept });
    assert.match(all.join('\n'), /workdir=work,writeback=0"/);
  });
});

test('a copy is made by the helper, unless it is there', () => {
  const all = calls({
    op: 'copyLayers',
    helper: ['/bin/sandbox', '__copy'],
    lower: ['/a', '/b'],
    directory: 'copy',
    sync: true,
  });
  assert.match(all[0] ?? '', /^faccessat\(AT_FDCWD, "copy", 0\)/);
  assert.ok(
    all.some((call) =>
      /^execve\("\/bin\/sandbox", \["\/bin\/sandbox","__copy","--sync","copy","2 layers"\]/.test(call),
    ),
    all.join('\n'),
  );
});
