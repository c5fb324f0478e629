import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packagesScript } from '../../../src/project/load/packages.ts';
import { failure, load } from './support.ts';

describe('the script that installs packages', () => {
  it('is one that sh and bash understand', () => {
    for (const cached of [false, true]) {
      const input = packagesScript(['g++', 'curl=7.88.1-10', 'libc6:i386', '@core'], { cached });
      for (const shell of ['sh', 'bash']) {
        const { status, stderr } = spawnSync(shell, ['-n'], { input, encoding: 'utf8' });
        assert.deepEqual([status, stderr], [0, ''], shell);
      }
    }
  });

  it('keeps what apt downloaded where that is a cache, and nowhere else', () => {
    assert.match(packagesScript(['a'], { cached: false }), /^ {2}apt-get -q clean$/m);
    assert.doesNotMatch(packagesScript(['a'], { cached: true }), /apt-get.* clean/);
  });

  it('gets names that its shell takes for nothing but words, and the manager for no option', async (t) => {
    const name = fc.oneof(
      fc.string({
        unit: fc.constantFrom(...'aZ09@._+:~=/-', ...'\'"$`\\;&|<>()*?[]{}!# \n'),
        minLength: 1,
        maxLength: 6,
      }),
      fc.constantFrom('nodejs', 'g++', 'curl=7.88.1-10', 'libc6:i386', '@core', 'a~1', 'nano-', '-y', '../x.deb'),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(name, async (word) => {
        const text = `image = "a"\npackages = [${JSON.stringify(word)}]\n`;
        if ((await failure(t, text)) !== undefined) return;
        taken += 1;
        const script = (await load(t, text)).environments.get('default')?.steps[0]?.script ?? '';
        const [line = ''] = script.split('\n');
        const { stdout } = spawnSync('sh', ['-c', `${line}\nprintf '%s %s' "$#" "$1"`], { cwd: '/', encoding: 'utf8' });
        assert.equal(stdout, `1 ${word}`);
        assert.match(word, /^[^-./].*$|^[^-./]$/);
        assert.ok(!word.endsWith('-'));
      }),
      { numRuns: 300 },
    );
    assert.ok(taken > 20);
  });
});
