import { command, type Directory, type DraftCommand, type Findings } from './findings.ts';

const CPP = /\.(?:cc|cpp|cxx|hpp|hh)$/;
const FIRST = ['test', 'check', 'run', 'install', 'clean'];
const MOST_TARGETS = 6;

/** Gives what a Makefile, CMakeLists.txt or meson.build says. */
export function cFindings(directory: Directory): Findings {
  const files = directory.those('CMakeLists.txt', 'meson.build', 'Makefile', 'makefile', 'GNUmakefile', 'configure.ac');
  const isCpp =
    [...directory.names].some((name) => CPP.test(name)) ||
    /\bCXX\b|'cpp'/.test(files.map((name) => directory.text(name)).join());
  const build = buildSystem(directory);
  return {
    files,
    language: 'gcc',
    packages: ['gcc', ...(isCpp ? ['g++'] : []), 'libc6-dev'],
    more: build.packages,
    caches: [],
    shims: ['gcc', ...(isCpp ? ['g++'] : []), ...build.shims],
    steps: [],
    variables: [],
    commands: build.commands,
  };
}

interface BuildSystem {
  readonly packages: readonly string[];
  readonly shims: readonly string[];
  readonly commands: readonly DraftCommand[];
}

function buildSystem(directory: Directory): BuildSystem {
  const build = 'Builds the project';
  if (directory.names.has('CMakeLists.txt')) {
    return {
      packages: ['cmake', 'make', 'pkg-config'],
      shims: ['cmake'],
      commands: [
        command('compile', build, 'cmake -S . -B build && cmake --build build "$@"'),
        command('test', 'The tests', ['ctest', '--test-dir', 'build', '--output-on-failure'], {
          requires: ['compile'],
        }),
      ],
    };
  }
  if (directory.names.has('meson.build')) {
    return {
      packages: ['meson', 'ninja-build', 'pkg-config'],
      shims: ['meson', 'ninja'],
      commands: [
        command('compile', build, '[ -d build ] || meson setup build\nninja -C build "$@"'),
        command('test', 'The tests', ['meson', 'test', '-C', 'build'], { requires: ['compile'] }),
      ],
    };
  }
  const targets = makeTargets(directory);
  return {
    packages: ['make'],
    shims: ['make'],
    commands: [
      command('compile', build, ['make']),
      ...targets.map((target) => {
        const requires = target === 'test' || target === 'check' ? { requires: ['compile'] } : {};
        return command(target, `make ${target}`, ['make', target], requires);
      }),
    ],
  };
}

/** Targets that people type: those that are declared phony, and the usual ones; `all` is `make`. */
function makeTargets(directory: Directory): string[] {
  const [name = ''] = directory.those('GNUmakefile', 'makefile', 'Makefile');
  const text = directory.text(name);
  const phony = [...text.matchAll(/^\.PHONY\s*:(.*)$/gm)].flatMap(([, names = '']) => names.trim().split(/\s+/));
  const rules = [...text.matchAll(/^([A-Za-z0-9][A-Za-z0-9._-]*)\s*:(?!=)/gm)].map(([, target = '']) => target);
  const typed = rules.filter((target) => phony.includes(target) || FIRST.includes(target));
  const usual = FIRST.filter((target) => typed.includes(target));
  const other = typed.filter((target) => !FIRST.includes(target) && target !== 'all' && target !== 'compile');
  return [...new Set([...usual, ...other])].filter((target) => target.length <= 64).slice(0, MOST_TARGETS);
}
