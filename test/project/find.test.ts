import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { expectProject, findProject } from '../../src/project/find.ts';

/** Root's files count for everybody, so these are of somebody else's where root runs the test. */
const OWN = process.getuid?.() || 4321;

function write(directory: string): void {
  writeFileSync(`${directory}/sandbox.toml`, '');
  if (process.getuid?.() === 0) chownSync(`${directory}/sandbox.toml`, OWN, OWN);
}

/** Two directories, one in the other. */
function place(t: TestContext): { readonly outer: string; readonly inner: string } {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), 'find-')));
  t.after(() => rmSync(outer, { recursive: true }));
  const inner = `${outer}/inner`;
  mkdirSync(inner);
  return { outer, inner };
}

test('the nearest sandbox.toml above is the project', (t) => {
  const { outer, inner } = place(t);
  write(outer);
  assert.equal(findProject(inner, OWN), outer);
  write(inner);
  assert.equal(expectProject(inner, OWN), inner);
});

test('one of another owner does not count, and who needs one is told so', (t) => {
  const { outer, inner } = place(t);
  assert.throws(() => expectProject(inner, OWN), {
    code: 'NO_PROJECT',
    message: /there is no sandbox\.toml in .* or above/,
  });
  write(outer);
  assert.equal(findProject(inner, OWN + 1), undefined);
  assert.throws(() => expectProject(inner, OWN + 1), {
    code: 'NO_PROJECT',
    message: `${outer}/sandbox.toml belongs to another user (${OWN}), so it does not count for you`,
    hint: /make it yours/,
  });
});
