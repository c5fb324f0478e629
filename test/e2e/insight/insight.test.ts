import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND_NAMES } from '../../../src/commands/registry.ts';
import { runAs, sandbox, workDirectory } from '../../support/user.ts';
import { account, bare, ordinary } from '../support/inside.ts';

test('every command explains itself, by --help, -h and help', ordinary, async () => {
  const overview = await sandbox(account(), ['help']);
  assert.equal(overview.status, 0);
  const names = [...overview.stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name = '']) => name);
  assert.deepEqual([...names].sort(), [...COMMAND_NAMES].sort());
  for (const name of names) {
    const { status, stdout } = await sandbox(account(), ['help', name]);
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^Usage\\n  sandbox ${name}\\b`, 'm'));
    assert.match(stdout, /^(Options|Commands)\n(.|\n)*^Examples\n/m);
    assert.equal((await sandbox(account(), [name, '--help'])).stdout, stdout);
  }
  assert.equal((await sandbox(account(), ['--help'])).stdout, overview.stdout);
});

test('doctor says what works here, and how to mend what does not', ordinary, async () => {
  const { status, stdout } = await sandbox(account(), ['doctor']);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ok +Subordinate ids\n +\d+ ids/m);
});

test('doctor names the commands that give subordinate ids', bare, async () => {
  const { stdout } = await sandbox(account('bare'), ['doctor']);
  assert.match(stdout, new RegExp(`usermod --add-subuids \\d+-\\d+ --add-subgids \\d+-\\d+ ${account('bare').name}`));
  const { stdout: json } = await sandbox(account('bare'), ['doctor', '--json']);
  assert.ok(JSON.stringify(JSON.parse(json)).includes('usermod'));
});

test('completion of bash knows commands, options and sandboxes', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = `completed-${process.pid}`;
  t.after(async () => await sandbox(account(), ['rm', '--force', name]));
  assert.equal((await sandbox(account(), ['shell', '--name', name, '--', 'true'], { cwd })).status, 0);
  const script = `
    ln -s "$SANDBOX" sandbox && PATH=$PWD:$PATH && eval "$(sandbox completion bash)"
    complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
      $(complete -p sandbox | sed 's/.*-F \\([^ ]*\\).*/\\1/') sandbox "\${!#}" x; printf '%s ' "\${COMPREPLY[@]}"; echo; }
    complete_line sandbox pl; complete_line sandbox run --work; complete_line sandbox run --network ''; complete_line sandbox rm ${name.slice(0, 9)}`;
  const { stdout, stderr } = await runAs(account(), ['bash', '-c', script], {
    cwd,
    env: { SANDBOX: account().sandbox },
  });
  const replies = stdout.split('\n').map((line) => line.trim().split(/ +/));
  assert.deepEqual(replies[0], ['plan'], stderr);
  assert.deepEqual(replies[1]?.sort(), ['--workdir', '--workspace']);
  assert.deepEqual(replies[2]?.sort(), ['host', 'none']);
  assert.ok(replies[3]?.includes(name), stdout);
});
