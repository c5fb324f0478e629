import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bashCompletion } from '../../src/commands/completion/bash.ts';
import { fishCompletion } from '../../src/commands/completion/fish.ts';
import { fishQuote, shellQuote } from '../../src/commands/completion/shell-quote.ts';
import { zshCompletion } from '../../src/commands/completion/zsh.ts';
import { COMMAND_NAMES, loadAll, loadAllCommands } from '../../src/commands/registry.ts';
import { needs } from '../packages.ts';
import { Terminal } from '../support/terminal.ts';

const commands = await loadAllCommands();
const groups = (await loadAll()).filter((each) => each.kind === 'group');
const scripts = {
  bash: bashCompletion(commands, groups),
  zsh: zshCompletion(commands, groups),
  fish: fishCompletion(commands, groups),
};

const has = (program: string): boolean => spawnSync(program, ['-c', 'true']).error === undefined;
const missing = (program: string): string | false => (has(program) ? false : `${program} is not installed`);

describe('completion', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sandbox-completion-'));
    for (const [shell, script] of Object.entries(scripts)) writeFileSync(join(directory, shell), script);
    // What the scripts ask for names.
    const answers = `[ "$1" = __names ] || exit 1
for kind in "$@"; do
  case $kind in
    sandboxes) printf 'web\\nworker\\n' ;;
    images) printf 'debian\\nwolfi\\n127.0.0.1:5000/big:1\\n127.0.0.1:5000/big:2\\n' ;;
    host) echo host ;;
    environments) printf 'ci\\nwww\\n' ;;
    commands) printf 'website\\nrust-doc\\n' ;;
  esac
done`;
    writeFileSync(join(directory, 'sandbox'), `#!/bin/sh\n${answers}\n`);
    chmodSync(join(directory, 'sandbox'), 0o755);
    writeFileSync(join(directory, 'a file'), '');
  });
  after(() => rmSync(directory, { recursive: true }));

  const run = (program: string, args: readonly string[]): string => {
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}`, TERM: 'dumb', HOME: directory };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: directory, env, encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    return stdout;
  };

  for (const [shell, arg] of [
    ['bash', '-n'],
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ] as const) {
    it(`${shell} finds no fault with its script`, { skip: missing(shell) }, () => {
      assert.equal(run(shell, [arg, join(directory, shell)]), '');
    });

    it(`every command and long option is in the script of ${shell}`, () => {
      for (const command of commands) {
        assert(scripts[shell].includes(shell === 'zsh' ? command.name.replace(' ', '_') : command.name));
        for (const name of Object.values(command.options).flatMap((option) => option.names)) {
          assert(scripts[shell].includes(shell === 'fish' ? name.replace(/^-+/, '') : name), name);
        }
      }
    });
  }

  describe('in bash', { skip: missing('bash') }, () => {
    /** Gives what bash offers for the last of the words; `=` is a word of its own there, as in COMP_WORDBREAKS. */
    const offered = (...words: readonly string[]): string[] => {
      const line = ['sandbox', ...words];
      const script = `source ./bash
COMP_WORDS=(${line.map(shellQuote).join(' ')})
COMP_CWORD=${line.length - 1}
_sandbox
printf '%s\\n' "\${COMPREPLY[@]}"`;
      return run('bash', ['--norc', '-c', script])
        .split('\n')
        .filter((each) => each !== '')
        .sort();
    };

    it('offers commands', () => {
      assert.deepEqual(offered('ru'), ['run', 'rust-doc']);
      assert.deepEqual(offered(''), [...COMMAND_NAMES, 'website', 'rust-doc', '--help', '--version'].sort());
      assert.deepEqual(offered('image', 'p'), ['prune', 'pull']);
      assert.deepEqual(offered('image', 'rm', '--f'), ['--force']);
      assert.deepEqual(offered('image', 'pull', '--platform', 'linux/ar'), ['linux/arm64']);
    });

    it('offers options and their values', () => {
      assert.deepEqual(offered('run', '--work'), ['--workdir', '--workspace']);
      assert.deepEqual(offered('run', '--network', ''), ['host', 'none']);
      assert.deepEqual(offered('run', '--network', '=', 'n'), ['none']);
      assert.deepEqual(offered('run', '--network', '='), ['host', 'none']);
      assert.deepEqual(offered('run', '-e', 'HOM'), ['HOME']);
      assert.deepEqual(offered('ps', '--network', ''), []);
    });

    it('offers the names of sandboxes', () => {
      assert.deepEqual(offered('rm', 'w'), ['web', 'worker']);
      assert.deepEqual(offered('shell', 'w'), ['web', 'wolfi', 'worker', 'www']);
    });

    it("offers the project's commands, and files as their arguments", () => {
      assert.deepEqual(offered('do', 'w'), ['website']);
      assert.deepEqual(offered('do', '--watch', 'website', 'a'), ['a file']);
      assert.deepEqual(offered('do', 'website', '--', 'a'), ['a file']);
      assert.deepEqual(offered('run', 'c'), ['ci']);
    });

    it('offers the names of images, of which bash replaces what stands after a colon', () => {
      assert.deepEqual(offered('run', ''), [
        '127.0.0.1:5000/big:1',
        '127.0.0.1:5000/big:2',
        'ci',
        'debian',
        'host',
        'wolfi',
        'www',
      ]);
      assert.deepEqual(offered('image', 'rm', 'deb'), ['debian']);
      assert.deepEqual(offered('run', '127.0.0.1', ':'), ['5000/big:1', '5000/big:2']);
      assert.deepEqual(offered('run', '127.0.0.1', ':', '5000/b'), ['5000/big:1', '5000/big:2']);
      assert.deepEqual(offered('image', 'tag', '127.0.0.1', ':', '5000/big', ':', '2'), ['2']);
    });

    it('offers files, those with spaces in one piece', () => {
      assert.deepEqual(offered('run', '--env-file', 'a'), ['a file']);
    });

    it('leaves what follows -- or an image to the command', () => {
      assert(offered('run', '--tty', '--', 'tru').includes('true'));
      assert(offered('run', '-e', 'A', 'host', 'tru').includes('true'));
      assert.deepEqual(offered('run', 'host', '--', 'cat', 'a'), ['a file']);
      assert.deepEqual(offered('run', '127.0.0.1', ':', '5000/big', ':', '1', 'cat', 'a'), ['a file']);
    });
  });

  it('in zsh the script defines a function for every command', { skip: missing('zsh') }, () => {
    const found = run('zsh', ['-f', '-c', 'autoload -U compinit; compinit -D; source ./zsh; functions +']);
    const names = [...COMMAND_NAMES, ...commands.map(({ name }) => name.replace(' ', '_'))];
    for (const name of names) assert.match(found, new RegExp(`^_sandbox_${name}$`, 'm'));
  });

  // Only zsh's line editor knows what `compadd` and `_arguments` are told.
  it('zsh offers commands, names and what follows --', { skip: missing('zsh') || needs('python3') }, async (t) => {
    const account = {
      name: userInfo().username,
      uid: userInfo().uid,
      gid: userInfo().gid,
      home: directory,
      sandbox: '',
    };
    const env = { PATH: `${directory}:/usr/bin:/bin` };
    const terminal = await Terminal.open(t, account, ['zsh', '-f', '-i'], { cwd: directory, env, columns: 150 });
    terminal.type("PS1='> '; autoload -U compinit; compinit -D -u; source ./zsh; print rea''dy\n");
    await terminal.see(/ready/);
    // The line editor reads from here on: it has asked for bracketed paste.
    await terminal.see(/\[\?2004h/);
    for (const [line, offered] of [
      ['image p', /prune [\s\S]*pull /],
      ['websi', /website/],
      ['shell w', /web\s+wolfi\s+worker\s+www/],
      ['run -- /usr/bin/tru', /true\*?\s+truncate/],
      ['run -- tru', /true\s+truncate/],
      ['do web', /website/],
      ['export --from w', /web\s+wolfi\s+worker\s+www/],
      ['image rm 127', /127\.0\.0\.1:5000\/big:1\s+127\.0\.0\.1:5000\/big:2/],
    ] as const) {
      // Ctrl-D lists, Ctrl-U clears the line.
      terminal.type(`sandbox ${line}\x04`);
      await terminal.see(offered);
      terminal.type('\x15');
    }
    terminal.type('exit\n');
    await terminal.end();
  });

  describe('in fish', { skip: missing('fish') }, () => {
    const offered = (line: string): string[] => {
      const script = `source ./fish; complete -C ${fishQuote(`sandbox ${line}`)}`;
      return run('fish', ['--no-config', '-c', script])
        .split('\n')
        .map((each) => each.split('\t')[0] ?? '')
        .filter((each) => each !== '')
        .sort();
    };

    it('offers commands, options, values and names', () => {
      assert.deepEqual(offered('ru'), ['run', 'rust-doc']);
      assert.deepEqual(offered('do w'), ['website']);
      assert.deepEqual(offered('run --work'), ['--workdir', '--workspace']);
      assert.deepEqual(offered('run --network '), ['host', 'none']);
      assert.deepEqual(offered('rm w'), ['web', 'worker']);
      assert.deepEqual(offered('image p'), ['prune', 'pull']);
      assert.deepEqual(offered('image rm --f'), ['--force']);
      assert.deepEqual(offered('image rm 127'), ['127.0.0.1:5000/big:1', '127.0.0.1:5000/big:2']);
    });

    it('leaves what follows -- to the command', () => {
      assert(offered('run -- /bin/tru').includes('/bin/true'));
    });
  });
});

it('quotes survive the shells they are for', () => {
  const text = `it's $HOME \`x\` \\ "y"`;
  for (const [shell, quote] of [
    ['sh', shellQuote],
    ['fish', fishQuote],
  ] as const) {
    if (!has(shell)) continue;
    assert.equal(spawnSync(shell, ['-c', `printf %s ${quote(text)}`], { encoding: 'utf8' }).stdout, text);
  }
});
