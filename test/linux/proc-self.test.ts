import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBytes } from '../../src/linux/bytes.ts';
import { parseEnvironment } from '../../src/linux/proc-self.ts';

const MODULE = JSON.stringify(new URL('../../src/linux/proc-self.ts', import.meta.url).href);

/** What the expression gives in a Node that a shell started with exactly these bytes as arguments or variables. */
function inNode(expression: string, shellSetup: string, shellArguments = ''): unknown {
  const directory = mkdtempSync(join(tmpdir(), 'proc-self-'));
  try {
    const program = join(directory, 'program.mjs');
    writeFileSync(program, `import * as proc from ${MODULE}; console.log(JSON.stringify(${expression}))`);
    const script = `${shellSetup}\nexec "$NODE" "$PROGRAM" ${shellArguments}`;
    const env = { NODE: process.execPath, PROGRAM: program };
    return JSON.parse(execFileSync('/bin/bash', ['--norc', '-c', script], { encoding: 'utf8', env }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('arguments arrive byte by byte', () => {
  const given = inNode('proc.processArguments().slice(-4)', '', `'' $'a\\xffb' $'new\\nline' 'é'`);
  assert.deepEqual(given, ['', 'a\udcffb', 'new\nline', 'é']);
});

test('a hundred kilobytes of arguments arrive', () => {
  const given = inNode('proc.processArguments().at(-1).length', '', '"$(printf "%0100000d" 0)"');
  assert.equal(given, 100_000);
});

test("the user's arguments are those behind the script", () => {
  assert.deepEqual(inNode('proc.userArguments()', '', `$'\\xfe' -x`), ['\udcfe', '-x']);
  assert.deepEqual(inNode('proc.userArguments()', ''), []);
});

test('the environment arrives byte by byte', () => {
  const given = inNode('[...proc.processEnvironment()]', `export FOREIGN=$'\\xff=\\n' EMPTY=`);
  const environment = new Map(given as [string, string][]);
  assert.equal(environment.get('FOREIGN'), '\udcff=\n');
  assert.equal(environment.get('EMPTY'), '');
});

test('of two values of a variable the first counts, and what is no variable is left out', () => {
  const environment = parseEnvironment(Buffer.from('A=1\0A=2\0=x\0noise\0B==\0'));
  assert.deepEqual(
    [...environment],
    [
      ['A', '1'],
      ['B', '='],
    ],
  );
});

test('no bytes make the environment fail', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      for (const [name, value] of parseEnvironment(bytes)) assert.ok(encodeBytes(name + value).length <= bytes.length);
    }),
  );
});

function currentDirectoryIn(shellSetup: string): unknown {
  return inNode(
    '(() => { try { return proc.currentDirectory() } catch (e) { return [e.code, e.syscall, e.hint] } })()',
    shellSetup,
  );
}

test('the current directory is known, whatever it is called', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cwd-'));
  try {
    assert.equal(currentDirectoryIn(`cd '${directory}'`), directory);
    const foreign = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0xfe])]);
    mkdirSync(foreign);
    assert.equal(currentDirectoryIn(`cd '${directory}'/$'\\xff\\xfe'`), `${directory}/\udcff\udcfe`);
    mkdirSync(join(directory, 'x (deleted)'));
    assert.equal(currentDirectoryIn(`cd '${directory}/x (deleted)'`), `${directory}/x (deleted)`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a removed current directory is an error that says what to do', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cwd-'));
  const gone = ['ENOENT', 'getcwd', 'the current directory was removed: cd to one that exists'];
  try {
    assert.deepEqual(currentDirectoryIn(`mkdir '${directory}/a'; cd '${directory}/a'; rmdir '${directory}/a'`), gone);
    // Another directory of the name that the kernel shows for the removed one.
    const setup = `mkdir '${directory}/b' '${directory}/b (deleted)'; cd '${directory}/b'; rmdir '${directory}/b'`;
    assert.deepEqual(currentDirectoryIn(setup), gone);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0;

test('a current directory hidden below a newer mount is stale', {
  skip: namespaces ? false : 'no user namespaces',
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'cwd-'));
  const mounted = mkdtempSync(join(tmpdir(), 'cwd-'));
  try {
    const program = join(directory, 'program.mjs');
    const code = 'try { currentDirectory() } catch (error) { console.log(error.code) }';
    writeFileSync(program, `import { currentDirectory } from ${MODULE}; ${code}`);
    const script = 'cd "$1"; mount -t tmpfs none "$1"; exec "$2" "$3"';
    const args = ['-rm', '/bin/sh', '-c', script, 'sh', mounted, process.execPath, program];
    assert.equal(execFileSync('unshare', args, { encoding: 'utf8' }).trim(), 'ESTALE');
  } finally {
    rmSync(directory, { recursive: true });
    rmSync(mounted, { recursive: true });
  }
});
