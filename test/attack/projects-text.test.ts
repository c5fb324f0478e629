/** Names and texts of a clone that are to move the cursor, to hide themselves, or to look like lines of ours. */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ordinary } from '../e2e/support/inside.ts';
import { project } from '../e2e/support/project.ts';
import { Terminal } from '../support/terminal.ts';
import { runAs } from '../support/user.ts';

/** Clears the screen, sets the title, writes to the clipboard, overwrites the line, turns the direction, and forges lines. */
const EVIL =
  '\u001b[2J\u001b]0;t\u0007\u001b]52;c;eA==\u0007\r\b\u009b2J\u202e\u2066x\nsandbox: FORGED\n  hint: FORGED';
const TOML = JSON.stringify(EVIL)
  .replaceAll('\u009b', '\\u009b')
  .replaceAll('\u202e', '\\u202e')
  .replaceAll('\u2066', '\\u2066');

function harmless(what: string, ...texts: readonly string[]): void {
  for (const text of texts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const found = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.exec(text);
    assert.equal(found, null, `${what}: ${JSON.stringify(text)}`);
    assert.doesNotMatch(text, /^(sandbox: |\s*hint: |)FORGED/m, `${what}: ${JSON.stringify(text)}`);
  }
}

test('what sandbox.toml says is shown as text, in lists, questions and errors', ordinary, async (t) => {
  const shop = project(t, '');
  // Control characters are refused there; what turns the direction of text is not.
  const description = 'description = "\\u202e\\u2066x"\n';
  const good = `${description}[command.test]\nrun = "true"\n${description}[service.db]\nrun = "true"\n${description}[env.test]\nimage = "host"\n${description}`;
  shop.writeToml(good);
  for (const words of [
    [],
    ['do'],
    ['trust', '--show'],
    ['ps'],
    ['shim', '--list'],
    ['hook', 'bash'],
    ['plan', 'shell'],
  ]) {
    const { stdout, stderr } = await shop.run(words);
    harmless(words.join(' '), stdout, stderr);
  }
  const listed = await shop.run([]);
  assert.match(listed.stdout, /db/, listed.stderr);
  const faults = [
    `${TOML} = 1`,
    `[${TOML}]\nx = 1`,
    `image = ${TOML}`,
    `name = ${TOML}`,
    `workdir = ${TOML}`,
    `user = ${TOML}`,
    `workspace = ${TOML}`,
    `profile = ${TOML}`,
    `network = ${TOML}`,
    `volumes = [${TOML}]`,
    `volumes = [${JSON.stringify(`./`).slice(0, -1)}${TOML.slice(1, -1)}:/x"]`,
    `volumes = ["~/${TOML.slice(1, -1)}:/x"]`,
    `tmpfs = [${TOML}]`,
    `pass-env = [${TOML}]`,
    `secrets = [${TOML}]`,
    `secrets = ["key=./${TOML.slice(1, -1)}"]`,
    `session = [${TOML}]`,
    `devices = [${TOML}]`,
    `devices = ["/dev/${TOML.slice(1, -1)}"]`,
    `cache = [${TOML}]`,
    `shims = [${TOML}]`,
    `packages = [${TOML}]`,
    `limits = { memory = ${TOML} }`,
    `limits = { ${TOML} = 1 }`,
    `[env]\n${TOML} = "x"`,
    `[env]\nX = ${TOML}`,
    `[env.${TOML}]\n`,
    `[env.test]\nextends = ${TOML}`,
    `[command.${TOML}]\nrun = "true"`,
    `[command.test]\nrun = "true"\nrequires = [${TOML}]`,
    `[command.test]\nrun = "true"\nenvironment = ${TOML}`,
    `[command.test]\nrun = "true"\nworkdir = ${TOML}`,
    `[command.test]\nrun = "true"\neach = { ${TOML} = ["x"] }`,
    `[service.db]\nrun = ${TOML}\nready = { file = ${TOML} }`,
    `[service.db]\nrun = "true"\nready = { log = ${TOML} }`,
    `[[steps]]\nname = ${TOML}\nrun = "true"`,
    `[[steps]]\ninputs = [${TOML}]\nrun = "true"`,
    'x = "\u001b[2J',
    '\u001b[2J = 1',
    `# \u001b[2J\n]`,
  ];
  for (const fault of faults) {
    shop.writeToml(fault);
    for (const words of [['shell', '-c', 'true'], ['do', 'test'], ['trust'], ['shim', '-q'], ['lock'], []]) {
      const { stdout, stderr } = await shop.run(words);
      harmless(`${fault}: ${words.join(' ')}`, stdout, stderr);
      assert.doesNotMatch(stderr, /This is a bug/, fault);
    }
  }
});

test('names of a project and of its files are shown as text', ordinary, async (t) => {
  const shop = project(t, '');
  const { user, env } = shop;
  const [name = ''] = EVIL.split('\n');
  const cwd = `${shop.cwd}/${name}`;
  mkdirSync(cwd);
  const put = (name: string, content: string): void => {
    writeFileSync(`${cwd}/${name}`, content);
    chownSync(`${cwd}/${name}`, user.uid, user.gid);
  };
  put('sandbox.toml', `image = "host"\nshims = ["sh"]\n[command.test]\nrun = "exit 3"\nworkdir = "missing"\n`);
  put('sandbox.lock', `version = ${TOML}\n`);
  for (const owner of ['another', 'own']) {
    if (owner === 'own') chownSync(cwd, user.uid, user.gid);
    for (const words of [
      [],
      ['shell', '-c', 'true'],
      ['do', 'test'],
      ['trust'],
      ['trust', '--list'],
      ['shim', '-q'],
      ['shim', '--list'],
      ['up', '--detach'],
      ['ps'],
      ['__trusted', cwd],
      ['hook', 'bash'],
      ['export', 'sh'],
      ['trust', '--revoke'],
      ['init'],
      ['add', 'x'],
      ['outdated'],
      ['verify'],
      ['build'],
    ]) {
      const { stdout, stderr } = await runAs(user, [user.sandbox, ...words], { cwd, env });
      // Paths for programs are as they are.
      harmless(`${owner}: ${words.join(' ')}`, words[1] === '-q' ? '' : stdout, stderr);
      assert.doesNotMatch(stderr, /This is a bug/, words.join(' '));
    }
  }
  const terminal = await Terminal.open(t, user, [user.sandbox, 'shim', '-q', 'sh'], { cwd, env });
  await terminal.see(/bin\/sh/);
  assert.equal(await terminal.end(), 0);
  harmless('at a terminal', terminal.shown.replaceAll('\r\n', '\n'));
  symlinkSync('/etc/passwd', `${cwd}/sandbox.local.toml`);
  const { stderr } = await runAs(user, [user.sandbox, 'shell', '-c', 'true'], { cwd, env });
  harmless('a link', stderr);
});
