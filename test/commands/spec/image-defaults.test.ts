import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';
import { parseEntrypoint } from '../../../src/commands/options/image.ts';
import {
  imageCommand,
  imageDirectory,
  imageUser,
  NO_DEFAULTS,
  stopSignalOf,
} from '../../../src/commands/spec/image-defaults.ts';
import { ImageError } from '../../../src/image/error.ts';

const image = { ...NO_DEFAULTS, entrypoint: ['/entry', '-e'], cmd: ['serve', '--all'] };

describe('imageCommand', () => {
  const command = (defaults: typeof NO_DEFAULTS, entrypoint?: readonly string[], given?: readonly string[]) =>
    imageCommand(defaults, { entrypoint, given });

  it('is the entrypoint, and after it what was given, else the Cmd', () => {
    assert.deepEqual(command(image), ['/entry', '-e', 'serve', '--all']);
    assert.deepEqual(command(image, undefined, []), ['/entry', '-e', 'serve', '--all']);
    assert.deepEqual(command(image, undefined, ['other']), ['/entry', '-e', 'other']);
    assert.deepEqual(command({ ...image, entrypoint: [] }), ['serve', '--all']);
    assert.deepEqual(command({ ...image, entrypoint: [] }, undefined, ['ls', '-l']), ['ls', '-l']);
    assert.deepEqual(command({ ...image, cmd: [] }), ['/entry', '-e']);
  });

  it("has no Cmd where the entrypoint is the command line's own, or none", () => {
    assert.deepEqual(command(image, ['/mine']), ['/mine']);
    assert.deepEqual(command(image, ['/mine', '-x'], ['y']), ['/mine', '-x', 'y']);
    assert.deepEqual(command(image, [], ['ls']), ['ls']);
    assert.throws(() => command(image, []), { name: 'UsageError', message: /the image names none/ });
  });

  it('is refused where there is none, and where it has no name', () => {
    assert.throws(() => command(NO_DEFAULTS), UsageError);
    assert.throws(() => command({ ...NO_DEFAULTS, cmd: [''] }), { message: 'expected a command, got ""' });
  });
});

it('--entrypoint is a program, a JSON array of words, or nothing', () => {
  assert.deepEqual(parseEntrypoint('/bin/sh'), ['/bin/sh']);
  assert.deepEqual(parseEntrypoint('sh -c'), ['sh -c']);
  assert.deepEqual(parseEntrypoint('["sh", "-c", ""]'), ['sh', '-c', '']);
  assert.deepEqual(parseEntrypoint(''), []);
  assert.deepEqual(parseEntrypoint('[]'), []);
  for (const bad of ['[1]', '["a"', '[null]', '["a\\u0000"]']) assert.throws(() => parseEntrypoint(bad), UsageError);
});

it('a working directory is absolute and normal; the root is nobody’s choice', () => {
  const directory = (workingDir: string) => imageDirectory({ ...NO_DEFAULTS, workingDir });
  assert.equal(imageDirectory(NO_DEFAULTS), undefined);
  assert.equal(directory('/'), undefined);
  assert.equal(directory('/srv/'), '/srv');
  assert.equal(directory('/srv//./app/../data'), '/srv/data');
  assert.equal(directory('/../../etc'), '/etc');
});

describe('imageUser', () => {
  const tables = {
    passwd: 'root:x:0:0::/root:/bin/sh\nweb:x:101:102::/srv:/bin/false\n7:x:900:900::/:/bin/sh\n',
    group: 'root:x:0:\nstaff:x:50:web\nweb:x:102:\n',
  };
  const user = (text: string) => imageUser(text, (name) => tables[name]);

  it('is a name or a number, with a group of either kind or the own one', () => {
    assert.deepEqual(user('web'), { uid: 101, gid: 102, name: 'web' });
    assert.deepEqual(user('web:staff'), { uid: 101, gid: 50, name: 'web' });
    assert.deepEqual(user('web:7'), { uid: 101, gid: 7, name: 'web' });
    assert.deepEqual(user('101'), { uid: 101, gid: 102, name: 'web' });
    assert.deepEqual(user('101:staff'), { uid: 101, gid: 50, name: 'web' });
    assert.deepEqual(user('5000'), { uid: 5000, gid: 0 });
    assert.deepEqual(user('5000:5001'), { uid: 5000, gid: 5001 });
    assert.deepEqual(user(':staff'), { uid: 0, gid: 50, name: 'root' });
  });

  it('is refused where nobody is called so, with a way out', () => {
    for (const bad of ['nobody', 'web:nogroup', 'a:b:c', 'web:', '4294967295', '99999999999', '-1', 'we b']) {
      assert.throws(() => user(bad), { name: 'ImageError', code: 'INVALID', hint: /--user root/ }, bad);
    }
  });

  it('gives numbers that the kernel takes, or an ImageError, for any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, passwd) => {
        try {
          const { uid, gid } = imageUser(text, () => passwd);
          assert([uid, gid].every((id) => Number.isInteger(id) && id >= 0 && id < 0xffff_ffff));
        } catch (error) {
          assert(error instanceof ImageError);
        }
      }),
    );
  });
});

it('a stop signal is a name or a number, a real-time one too', () => {
  const cases = { SIGQUIT: 3, quit: 3, '9': 9, 'SIGRTMIN+3': 37, 'RTMAX-1': 63, SIGRTMIN: 34, SIGRTMAX: 64 };
  for (const [text, number] of Object.entries(cases)) assert.equal(stopSignalOf(text), number, text);
  for (const bad of ['SIGSTOP', '19', 'SIGFOO', '0', '65', 'SIGRTMIN+40', 'SIGRTMAX+1', '']) {
    assert.throws(() => stopSignalOf(bad), { name: 'ImageError', code: 'INVALID' }, bad);
  }
});
