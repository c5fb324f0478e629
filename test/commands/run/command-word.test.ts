import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../../src/commands/arguments/parse-arguments.ts';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';
import { sandboxOptions } from '../../../src/commands/options/sandbox-options.ts';
import { type WordFacts, withCommandMarked } from '../../../src/commands/run/command-word.ts';
import { IMAGE_RULE } from '../../../src/commands/spec/image-operand.ts';

const reading = { table: sandboxOptions, rule: IMAGE_RULE };
const facts: WordFacts = {
  isInProject: true,
  isEnvironment: async (word) => ['default', 'test'].includes(word),
  isImage: async (word) => word === 'alpine',
};

async function marked(words: readonly string[], more: Partial<WordFacts> = {}): Promise<readonly string[]> {
  return await withCommandMarked(words, reading, async () => ({ ...facts, ...more }));
}

describe('the command after `run`', () => {
  it('begins with a program whose options are none of ours, in a project', async () => {
    const lines: ReadonlyArray<readonly [options: readonly string[], command: readonly string[]]> = [
      [[], ['sh', '-c', 'make all']],
      [
        ['-e', 'A=1', '--network=none'],
        ['python3', '-m', 'http.server', '--bind', '::1'],
      ],
      [['-it'], ['npm', '--version']],
      [[], ['make', '-j4', '--', 'all']],
      [[], ['Rscript', '--vanilla', 'x.R']],
      [
        ['-w', '/srv'],
        ['ls', '-la', '--', '-x'],
      ],
    ];
    for (const [options, command] of lines) {
      const words = await marked([...options, ...command]);
      assert.deepEqual(words, [...options, '--', ...command]);
      const { operands, rest } = parseArguments(reading.table, reading.rule, words);
      assert.deepEqual([operands, rest], [[], command]);
    }
  });

  it('begins with a path, wherever one stands', async () => {
    for (const path of ['./install.sh', '../x', '/bin/sh']) {
      for (const rest of [[], ['-c', 'x'], ['x'], ['--', 'x'], ['-e', 'A=1']]) {
        const words = ['--read-only', path, ...rest];
        const expected = ['--read-only', '--', path, ...rest];
        assert.deepEqual(await marked(words, { isInProject: false }), expected);
        assert.deepEqual(await marked(words), expected);
      }
    }
  });

  it('is found as ever in all lines that have a meaning without that', async () => {
    const lines: ReadonlyArray<readonly string[]> = [
      [],
      ['alpine'],
      ['make'],
      ['debian', 'sh', '-c', 'x'],
      ['debian', '--network', 'none', 'cat', '-n'],
      ['debian', '-it'],
      ['debian', '--', '-c', 'x'],
      ['debian', '-'],
      ['debian', '-e', 'A=1', '--', 'env'],
      ['test', 'sh', '-c', 'x'],
      ['host', '--', 'ls', '-l'],
      ['ghcr.io/acme/base:2', 'sh', '-c', 'x'],
      ['--', 'sh', '-c', 'x'],
      ['--', './x', '-y'],
      ['-e', 'A=1', '--', 'sh', '-c', 'x'],
      ['--rootfs', '/srv', 'sh', '-c', 'x'],
      ['--rootfs', '/srv', './x'],
      ['-e', '--', './x'],
      ['sh', '--help'],
    ];
    for (const words of lines) assert.deepEqual(await marked(words), words, words.join(' '));
  });

  it('is asked for where an image or an environment has options that are none of ours', async () => {
    const lines: ReadonlyArray<readonly [words: readonly string[], hint: RegExp, more?: Partial<WordFacts>]> = [
      [['alpine', '-c', 'x'], /^a command stands after --: sandbox run alpine -- -c …$/],
      [['test', '--netwrok', 'none'], /^did you mean --network\?\na command .* sandbox run test -- --netwrok …$/],
      [['host', '-l'], /sandbox run host -- -l …$/],
      [['debian:12', '-c', 'x'], /sandbox run debian:12 -- -c …$/],
      [['quay.io/centos', '-c', 'x'], /sandbox run quay\.io\/centos -- -c …$/],
      [['0123456789abcdef', '-c', 'x'], /sandbox run 0123456789abcdef -- -c …$/],
      [['sh', '-c', 'x'], /^a command stands after --: sandbox run -- sh -c …$/, { isInProject: false }],
    ];
    for (const [words, hint, more] of lines) {
      await assert.rejects(marked(words, more), (error: unknown) => {
        assert(error instanceof UsageError);
        assert.match(error.hint ?? '', hint);
        return true;
      });
    }
    // What is wrong before the first word is told as it is.
    await assert.rejects(marked(['--netwrok', 'none', 'sh', '-c', 'x']), { hint: 'did you mean --network?' });
  });
});
