import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { parseArguments } from '../../../src/commands/arguments/parse-arguments.ts';
import { sandboxOptions } from '../../../src/commands/options/sandbox-options.ts';
import { withEnvironmentOptions } from '../../../src/commands/project/open.ts';

const source = join(import.meta.dirname, '../../../src');

/** What is loaded with a module, whatever it does then: packages, and modules of ours by their path in src. */
function loadedWith(entries: readonly string[]): { readonly own: Set<string>; readonly foreign: Set<string> } {
  const own = new Set<string>();
  const foreign = new Set<string>();
  const pending = [...entries];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (own.has(path)) continue;
    own.add(path);
    const code = readFileSync(join(source, path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, names = '', specifier = ''] of code.matchAll(/^(?:import|export)\s+([^;]*?)\s*from\s+'([^']+)'/gm)) {
      const words = /^\{([\s\S]*)\}$/.exec(names)?.[1]?.split(',') ?? [names];
      const isType = names.startsWith('type ') || words.every((word) => /^\s*(type\s|$)/.test(word));
      if (isType) continue;
      if (specifier.startsWith('.')) pending.push(relative(source, join(source, dirname(path), specifier)));
      else foreign.add(specifier);
    }
  }
  return { own, foreign };
}

describe('opening an environment that is built', () => {
  const path = ['main.ts', 'commands/registry.ts', 'commands/shell.ts', 'commands/run.ts', 'commands/do.ts'];
  const work = [
    'commands/project/open.ts',
    'commands/project/command/run.ts',
    'commands/spec/start.ts',
    'sandbox/start.ts',
  ];
  const { own, foreign } = loadedWith([...path, ...work]);

  it('loads no package, and nothing of Node that takes long', () => {
    const allowed = ['node:buffer', 'node:fs', 'node:os', 'node:path', 'node:sea'];
    assert.deepEqual(
      [...foreign].filter((name) => !allowed.includes(name)),
      [],
    );
  });

  it('loads neither what reads sandbox.toml nor what builds', () => {
    assert(own.has('project/record.ts') && own.has('project/outline.ts') && own.has('commands/project/prepare.ts'));
    const heavy = /^(project\/(load|schema|build|lock|service|edit)|image\/(unpack|pack|registry)|launch\/compile)/;
    assert.deepEqual(
      [...own].filter((name) => heavy.test(name)),
      [],
    );
  });
});

describe('the options of an environment', () => {
  const parse = (...words: string[]) =>
    parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, words).options;
  const merged = (own: readonly string[], ...typed: string[]) =>
    withEnvironmentOptions(
      { directory: '/srv/shop', environment: 'default', words: own, volumes: [] },
      parse(...typed),
    );

  it('give way to those that are typed, and lists add up', () => {
    const { user, network, tmpfs, readOnly, env } = merged(
      ['--user=1000', '--network=none', '--tmpfs=/scratch', '--env=TERM'],
      '--network=host',
      '--tmpfs=/more',
      '--read-only',
      '-e',
      'A=1',
    );
    assert.equal(network, 'host');
    assert.deepEqual(user, parse('--user=1000').user);
    assert.deepEqual(
      tmpfs.map(({ destination }) => destination),
      ['/scratch', '/more'],
    );
    assert.equal(readOnly, true);
    assert.deepEqual(
      env.map(({ kind }) => kind),
      ['host', 'set'],
    );
  });

  it('are told as those of sandbox.toml where they do not do', () => {
    assert.throws(() => merged(['--memory=much']), {
      code: 'INVALID',
      message: /^sandbox\.toml, environment default: memory: expected /,
    });
  });
});
