import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { at, ordinary, place } from './support/place.ts';

const EXECUTABLE = { mode: 0o755 };

/** The header of an executable for a machine that is neither ours nor emulated: Alpha, elf(5). */
function foreignProgram(): Buffer {
  const header = Buffer.alloc(120);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(0x9026, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  return header;
}

describe('a command that cannot be started', ordinary, () => {
  const cases: ReadonlyArray<readonly [name: string, command: string, status: number, message: RegExp]> = [
    ['is not found', 'no-such-command', 127, /: no-such-command: command not found in the sandbox\n$/],
    ['is not found at its path', './missing', 127, /: \.\/missing: command not found/],
    ['has no execute permission', './data', 126, /: \.\/data: permission denied: .* \(EACCES\)\n$/],
    ['is a directory', '/etc', 126, /: \/etc: permission denied: it is a directory/],
    [
      'is for another machine',
      './foreign',
      126,
      /: \.\/foreign: exec format error: not a program for this machine \((x86_64|aarch64)\)/,
    ],
    ['is no program at all', './garbage', 126, /: \.\/garbage: exec format error/],
    ['is an empty file', './empty', 126, /: \.\/empty: exec format error/],
    [
      'is a script without its interpreter',
      './script',
      126,
      /: \.\/script: the file exists, but its interpreter .* does not \(ENOENT\)/,
    ],
    ['is behind a file', './data/tool', 127, /: \.\/data\/tool: command not found/],
    ['is a circle of links', '/proc/self/cwd/circle', 125, /cannot execute .*circle.*\(ELOOP\)/],
    ['is an empty word', '', 125, /: expected a command, got ""/],
  ];
  for (const [name, command, status, message] of cases) {
    it(`${name}: ${status}`, async (t) => {
      const where = place(t, 'commands');
      writeFileSync(`${where.cwd}/data`, 'data');
      writeFileSync(`${where.cwd}/foreign`, foreignProgram(), EXECUTABLE);
      writeFileSync(`${where.cwd}/garbage`, 'gar\0bage\x01', EXECUTABLE);
      writeFileSync(`${where.cwd}/empty`, '', EXECUTABLE);
      writeFileSync(`${where.cwd}/script`, '#!/no/such/interpreter\n', EXECUTABLE);
      if (command.includes('circle')) symlinkSync('circle', `${where.cwd}/circle`);
      const result = await at(where, ['run', '--', command]);
      assert.equal(result.status, status, result.stderr);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, message);
    });
  }

  it('in a directory that is not there: 125, and where to go instead', async (t) => {
    const where = place(t, 'commands');
    const result = await at(where, ['run', '-w', '/no/such/place', '--', 'true']);
    assert.equal(result.status, 125);
    assert.match(
      result.stderr,
      /cannot change to the directory \/no\/such\/place: there is no such directory.* \(ENOENT\)/,
    );
    assert.match(result.stderr, /hint: .*-w DIR/);
  });

  it('is passed over on the PATH where it may not be executed, for the next one that may', async (t) => {
    const where = place(t, 'commands');
    writeFileSync(`${where.cwd}/echo`, 'no program');
    const result = await at(where, ['run', '-e', `PATH=${where.cwd}:/usr/bin`, '--', 'echo', 'well']);
    assert.deepEqual([result.status, result.stdout], [0, 'well\n'], result.stderr);
  });
});
