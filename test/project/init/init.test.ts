import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findingsIn, type TemplateName } from '../../../src/project/init/detect.ts';
import { draftOf, suggestedImage } from '../../../src/project/init/draft.ts';
import { ignoreOwnFiles } from '../../../src/project/init/gitignore.ts';
import { writeToml } from '../../../src/project/init/write-toml.ts';
import { loadProject } from '../../../src/project/load.ts';
import type { Project } from '../../../src/project/model.ts';

function directoryOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'init-')));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(`${path}/${name}`), { recursive: true });
    writeFileSync(`${path}/${name}`, text);
  }
  return path;
}

/** Writes the file for a directory with these files and loads it, as `init` does. */
async function written(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  { template, image }: { readonly template?: TemplateName; readonly image?: string } = {},
): Promise<{ readonly text: string; readonly project: Project }> {
  const path = directoryOf(t, files);
  const findings = findingsIn(path, template);
  const text = writeToml(draftOf('it "is" here', findings, image ?? suggestedImage(findings).name));
  writeFileSync(`${path}/sandbox.toml`, text);
  return { text, project: await loadProject(path) };
}

function script(project: Project, step: string): string {
  const found = project.environments.get('default')?.steps.find(({ name }) => name === step);
  assert(found, `no step ${step}`);
  return found.script;
}

function runOf(project: Project, name: string): unknown {
  return project.commands.get(name)?.run;
}

describe('a file that init writes', () => {
  for (const template of ['node', 'python', 'go', 'rust', 'c', 'java', 'empty'] as const) {
    it(`can be loaded: ${template}`, async (t) => {
      const { project, text } = await written(t, {}, { template });
      assert.equal(project.name, 'it "is" here');
      assert.equal(project.environments.get('default')?.image, 'debian:bookworm');
      assert(text.split('\n').filter((line) => line.startsWith('#')).length > 5, 'it is commented');
      assert.equal(project.commands.size > 0, template !== 'empty' && template !== 'node');
    });

    it(`can be loaded with another image: ${template}`, async (t) => {
      const { project } = await written(t, {}, { template, image: 'alpine:3.20' });
      assert(!project.environments.get('default')?.steps.some(({ name }) => name === 'packages'), 'names of Debian');
    });
  }

  it('has npm scripts as commands, and dependencies as a step', async (t) => {
    const { project, text } = await written(t, {
      'package.json': JSON.stringify({
        engines: { node: '>=18' },
        scripts: { 'test:unit': 'node --test "it\'s"', start: 'node app.js', pretest: 'x', test: 'node\n--test' },
        dependencies: { express: '4' },
      }),
      'package-lock.json': '{}',
    });
    assert.deepEqual([...project.commands.keys()], ['test', 'start', 'test-unit']);
    assert.deepEqual(runOf(project, 'test-unit'), ['npm', 'run', 'test:unit', '--']);
    assert.equal(project.commands.get('test')?.description, 'node --test');
    assert.match(script(project, 'dependencies'), /^cp package\.json package-lock\.json \/ && cd \/\nnpm ci /);
    const step = project.environments.get('default')?.steps.at(-1);
    assert.deepEqual(step?.inputs, ['package.json', 'package-lock.json']);
    assert.equal(step?.reproducible, true);
    assert.equal(step?.network, 'host');
    assert.match(text, /^packages = \["ca-certificates", "nodejs", "npm"\]$/m);
  });

  it('has the package manager that the lock file or package.json is of', async (t) => {
    const manifest = (more: object): string =>
      JSON.stringify({ scripts: { test: 'x' }, devDependencies: { jest: '1' }, ...more });
    const cases = [
      [{ 'pnpm-lock.yaml': '' }, { packageManager: 'pnpm@9.1.0' }, 'pnpm', 'pnpm@9.1.0', true],
      [{ 'pnpm-lock.yaml': '' }, { packageManager: 'npm@10.0.0' }, 'pnpm', 'pnpm@9', false],
      [{ 'yarn.lock': '# yarn lockfile v1' }, {}, 'yarn', 'yarn@1', false],
      [{ 'bun.lock': '{}' }, {}, 'bun', 'bun@1', false],
      [{ 'bun.lockb': '' }, { packageManager: 'bun@1.2.3' }, 'bun', 'bun@1.2.3', true],
      [{}, { packageManager: 'pnpm@9.1.0' }, 'pnpm', 'pnpm@9.1.0', true],
    ] as const;
    for (const [files, more, name, spec, isPinned] of cases) {
      const { project } = await written(t, { ...files, 'package.json': manifest(more) });
      const environment = project.environments.get('default');
      const tool = environment?.steps.find((step) => step.name === name);
      assert.ok(tool?.script.endsWith(` ${spec}\n`), tool?.script);
      assert.equal(tool?.reproducible, isPinned);
      const [lock] = Object.keys(files);
      const step = environment?.steps.at(-1);
      assert.deepEqual(step?.inputs, ['package.json', ...(lock === undefined ? [] : [lock])]);
      assert.match(step?.script ?? '', new RegExp(`^${name} install${lock ? ' --frozen-lockfile' : ''}`, 'm'));
      assert.deepEqual(runOf(project, 'test'), [name, 'run', 'test']);
      assert.deepEqual(environment?.shims, ['node', 'npm', name]);
      const path = environment?.variables.find(([variable]) => variable === 'PATH')?.[1];
      assert.match(String(path), /^\/node_modules\/\.bin:.*:\/bin$/, 'programs of dependencies are found');
    }
  });

  it('has what is kept in the project itself as a command, since a step sees a copy only', async (t) => {
    const workspace = '{"workspaces":["packages/*"],"dependencies":{"a":"1"}}';
    const cases = [
      [{ 'package.json': workspace, 'package-lock.json': '{}' }, ['npm', 'ci'], []],
      [{ 'package.json': workspace }, ['npm', 'install'], []],
      [{ 'package.json': '{"dependencies":{"a":"1"}}', 'pnpm-workspace.yaml': '' }, ['pnpm', 'install'], ['pnpm']],
      [{ 'package.json': workspace, 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': '' }, ['pnpm', 'install'], ['pnpm']],
      [{ 'package.json': '{}', 'yarn.lock': '__metadata:\n  version: 8\n' }, ['yarn', 'install'], ['yarn']],
    ] as const;
    for (const [files, run, steps] of cases) {
      const { project } = await written(t, files);
      assert.deepEqual(runOf(project, 'install'), run);
      const names = project.environments.get('default')?.steps.map(({ name }) => name);
      assert.deepEqual(names, ['packages', ...steps]);
    }
  });

  it('takes the image of a language that Debian is too old for', async (t) => {
    const node = await written(t, { 'package.json': '{"engines":{"node":"^22.1"}}' });
    assert.equal(node.project.environments.get('default')?.image, 'node:22-bookworm-slim');
    assert.match(node.text, /package\.json asks for Node 22; Debian has 18/);
    assert.match(node.text, /^packages = \["ca-certificates"\]$/m);
    const cases = [
      ['pyproject.toml', '[project]\nrequires-python = ">=3.13"\n', 'python:3.13-slim-bookworm'],
      ['go.mod', 'module a\n\ngo 1.22.1\n', 'golang:1.22-bookworm'],
      ['Cargo.toml', '[package]\nedition = "2024"\n', 'rust:1.85-slim-bookworm'],
      ['pom.xml', '<maven.compiler.release>21</maven.compiler.release>', 'eclipse-temurin:21-jdk'],
      ['go.mod', 'module a\n\ngo 1.18\n', 'debian:bookworm'],
      ['package.json', '{"engines":{"node":">=16"}}', 'debian:bookworm'],
      ['pom.xml', '<source>1.8</source>', 'debian:bookworm'],
    ] as const;
    for (const [file, text, image] of cases) {
      const { project } = await written(t, { [file]: text });
      assert.equal(project.environments.get('default')?.image, image, text);
    }
  });

  it('installs requirements without what would differ from build to build', async (t) => {
    const { project } = await written(t, { 'requirements.txt': 'flask==2.2\n# why\npytest==7.2\n' });
    assert.match(script(project, 'requirements'), /--no-compile .* -r requirements\.txt\n$/);
    assert.deepEqual(runOf(project, 'test'), ['python3', '-m', 'pytest']);
    assert.equal(project.environments.get('default')?.steps.at(-1)?.reproducible, true);
    const loose = await written(t, { 'pyproject.toml': '[project]\ndependencies = ["flask"]\n' });
    assert.match(script(loose.project, 'requirements'), /tomllib.*print\("\\n"\.join/);
    assert.equal(loose.project.environments.get('default')?.steps.at(-1)?.reproducible, false);
  });

  it('has make targets as commands', async (t) => {
    const makefile = '.PHONY: all test lint\nCC := gcc\nall: a.o\na.o: a.c\n\t$(CC)\nlint:\ntest: all\nclean:\n';
    const { project } = await written(t, { Makefile: makefile, 'a.cpp': '' });
    assert.deepEqual([...project.commands.keys()], ['compile', 'test', 'clean', 'lint']);
    assert.deepEqual(project.commands.get('test')?.requires, ['compile']);
    assert(project.environments.get('default')?.shims.includes('g++'));
    const beside = await written(t, { Makefile: makefile, 'go.mod': 'module a\n' });
    assert.deepEqual([...beside.project.commands.keys()], ['compile', 'test', 'vet']);
  });

  it('puts two languages together', async (t) => {
    const { project, text } = await written(t, {
      'package.json': '{"engines":{"node":">=20"},"scripts":{"test":"x"}}',
      'requirements.txt': 'flask',
    });
    assert.match(text, /^packages = \["ca-certificates", "python3", "python3-pip", "python3-venv"\]$/m);
    assert.deepEqual(runOf(project, 'test'), ['npm', 'run', 'test', '--']);
  });

  it('is not led astray by files that say nonsense, or lead elsewhere', async (t) => {
    const { project } = await written(t, { 'package.json': '{"scripts":[],"engines":"x"', 'yarn.lock': '' });
    assert.equal(project.commands.size, 0);
    const path = directoryOf(t, { secret: 'go 1.99\n' });
    symlinkSync(`${path}/secret`, `${path}/go.mod`);
    assert.equal(suggestedImage(findingsIn(path, undefined)).name, 'debian:bookworm');
  });
});

describe('what is a person’s own', () => {
  it('goes to .gitignore in a repository, once', (t) => {
    const path = directoryOf(t, { '.git/HEAD': '', '.gitignore': 'node_modules' });
    assert.deepEqual(ignoreOwnFiles(path), ['sandbox.local.toml', '.sandbox/']);
    const text = 'node_modules\n/sandbox.local.toml\n/.sandbox/\n';
    assert.equal(readFileSync(`${path}/.gitignore`, 'utf8'), text);
    assert.deepEqual(ignoreOwnFiles(path), []);
    mkdirSync(`${path}/below`);
    writeFileSync(`${path}/below/.gitignore`, '.sandbox\n');
    assert.deepEqual(ignoreOwnFiles(`${path}/below`), ['sandbox.local.toml']);
  });

  it('does not where there is no repository', (t) => {
    assert.deepEqual(ignoreOwnFiles(directoryOf(t, {})), []);
  });
});
