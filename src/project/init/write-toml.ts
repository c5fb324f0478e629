import type { Draft } from './draft.ts';
import type { DraftCommand, DraftStep } from './findings.ts';

const MOST_COLUMNS = 100;

/** Gives sandbox.toml as text. */
export function writeToml(draft: Draft): string {
  const { name, files, image, imageReason, shims, commands } = draft;
  const blocks = [
    [
      `# The environment of this project${files.length > 0 ? `, after ${files.join(', ')}` : ''}.`,
      '# `sandbox shell` opens a shell in it, `sandbox` lists what there is. After a change it is built again by itself.',
      '# Commit this file and sandbox.lock, which says exactly what the environment is made of.',
    ],
    [`name = ${text(name)}`],
    [
      ...comment(imageReason === undefined ? [] : [`${imageReason}.`]),
      '# What it begins with. sandbox.lock keeps the digest that this name had.',
      `image = ${text(image)}`,
    ],
    packages(draft),
    draft.caches.length === 0
      ? [
          '# Downloads of package managers that outlive sandboxes: apt, cargo, go, npm, pip, or a path inside.',
          '# cache = ["npm"]',
        ]
      : ['# Downloads that outlive sandboxes.', `cache = ${list(draft.caches)}`],
    [
      '# Programs that `sandbox shim` makes callable from outside, in .sandbox/bin.',
      shims.length === 0 ? '# shims = ["make"]' : `shims = ${list(shims)}`,
    ],
    ...(draft.steps.length === 0 ? [EXAMPLE_STEP] : draft.steps.map(step)),
    variables(draft),
    ...(commands.length === 0 ? [EXAMPLE_COMMAND] : commands.map(command)),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const EXAMPLE_STEP = [
  '# Setup steps, in their order. A step runs again when its script or its inputs change, and all after it.',
  '# [[steps]]',
  '# name = "tools"',
  '# inputs = ["tools.txt"]      # files of the project, in /inputs, where the script starts',
  '# network = true              # steps have none otherwise',
  "# run = '''",
  '# cp tools.txt /opt/tools.txt',
  "# '''",
];

const EXAMPLE_COMMAND = [
  '# `sandbox hello`',
  '# [command.hello]',
  '# description = "Says hello"',
  `# run = 'echo "hello $*"'`,
];

function packages({ packages: names, isDebian }: Draft): string[] {
  const about = '`sandbox add NAME` and `sandbox remove NAME` edit this list.';
  if (names.length === 0) return [`# Packages of the image's own package manager. ${about}`, 'packages = []'];
  if (isDebian) return [`# Debian packages. ${about}`, `packages = ${list(names)}`];
  return [
    "# Debian's names of what is needed: look up those of the image, and take the # away.",
    `# packages = ${list(names).replaceAll('\n', '\n# ')}`,
  ];
}

function step({ name, comment: about, inputs, caches, script, isPinned }: DraftStep): string[] {
  return [
    ...comment(about),
    '[[steps]]',
    `name = ${text(name)}`,
    ...(inputs.length === 0 ? [] : [`inputs = ${list(inputs)}`]),
    `cache = ${list(caches)}`,
    'network = true',
    ...(isPinned ? [] : ['reproducible = false']),
    `run = ${lines(script)}`,
  ];
}

function variables({ variables: all }: Draft): string[] {
  if (all.length === 0) return ['# Variables of the environment.', '[env]', '# EDITOR = "vi"'];
  return [
    '# Variables of the environment.',
    '[env]',
    ...all.flatMap(({ name, value, comment: about }) => [`# ${about}`, `${name} = ${text(value)}`]),
  ];
}

function command({ name, description, run, requires, watch }: DraftCommand): string[] {
  const key = /^[A-Za-z0-9_-]+$/.test(name) ? name : text(name);
  return [
    `[command.${key}]`,
    `description = ${text(oneLine(description) || name)}`,
    `run = ${typeof run === 'string' ? lines(run) : list(run)}`,
    ...(requires.length === 0 ? [] : [`requires = ${list(requires)}`]),
    ...(watch.length === 0 ? [] : [`watch = ${list(watch)}`]),
  ];
}

function comment(sentences: readonly string[]): string[] {
  return sentences.map((sentence) => `# ${oneLine(sentence)}`);
}

function oneLine(words: string): string {
  return words
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
}

function list(items: readonly string[]): string {
  const line = `[${items.map(text).join(', ')}]`;
  return line.length <= MOST_COLUMNS ? line : `[\n${items.map((item) => `  ${text(item)},\n`).join('')}]`;
}

/** A basic string. JSON leaves DEL as it is, which TOML does not take. */
function text(value: string): string {
  return JSON.stringify(value.toWellFormed()).replaceAll('\x7f', '\\u007F');
}

function lines(script: string): string {
  if (!script.includes('\n') && !/['\p{Cc}]/u.test(script)) return `'${script}'`;
  return script.includes("'''") ? text(script) : `'''\n${script.endsWith('\n') ? script : `${script}\n`}'''`;
}
