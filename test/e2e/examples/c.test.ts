import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { runAs } from '../../support/user.ts';
import { buildLocked, cloneOf, EXAMPLE_TEST } from './support/clone.ts';

describe('the example in C', () => {
  it('is built and tested from a fresh clone', EXAMPLE_TEST, async (t) => {
    const clone = await cloneOf(t, 'c');
    assert.match(await clone.says([]), /^rpn: .*\n\nEnvironments\n {2}default {2}debian:bookworm/);
    await buildLocked(t, clone);
    const lock = clone.lock();

    // `test` requires `compile`, which takes a compiler that is in no layer but that of the packages.
    const tested = await clone.says(['test']);
    assert.match(tested, /^stack-test: passed$(?:.|\n)*^rpn-test: passed$/m);
    assert(existsSync(`${clone.directory}/build/rpn`), 'what is built is in the project');
    assert.equal(await clone.says(['shell', '-c', 'build/rpn 2 3 4 x +']), '14\n');

    await clone.says(['shim']);
    const gcc = `${clone.directory}/.sandbox/bin/gcc`;
    const source = 'int main(void) { return 7; }';
    const options = { cwd: clone.directory, env: clone.env, input: source };
    const compiled = await runAs(clone.user, [gcc, '-x', 'c', '-o', 'build/seven', '-'], options);
    assert.equal(compiled.status, 0, compiled.stderr);
    assert.equal((await clone.sandbox(['shell', '-c', 'build/seven'])).status, 7);

    await clone.says(['clean']);
    assert(!existsSync(`${clone.directory}/build`));
    assert.equal(clone.lock(), lock, 'nothing of that changed the lock');
  });
});
