import { command, type Directory, type Findings, isEnough, type Version, versionIn } from './findings.ts';

/*
 * Languages whose own program fetches what a project needs, into a cache, when it builds.
 */

/** Of Debian 12. */
const DEBIAN: Readonly<Record<'go' | 'rust' | 'java', Version>> = { go: [1, 19], rust: [1, 63], java: [17] };

/** Gives what go.mod says. */
export function goFindings(directory: Directory): Findings {
  const wanted = versionIn(/^go\s+(\S+)/m.exec(directory.text('go.mod'))?.[1] ?? '', 2);
  const name = `golang:${wanted?.join('.')}-bookworm`;
  return {
    files: directory.those('go.mod', 'go.sum'),
    language: 'golang',
    ...newer('go', wanted, name, (version) => `go.mod asks for Go ${version}; Debian has 1.19`),
    packages: ['golang-go'],
    more: ['ca-certificates', 'git'],
    caches: ['go'],
    shims: ['go', 'gofmt'],
    steps: [],
    variables: [],
    commands: [
      command('compile', 'Builds all packages', ['go', 'build', './...']),
      command('test', 'The tests of all packages', ['go', 'test', './...'], { watch: ['**/*.go'] }),
      command('vet', 'What the compiler lets pass', ['go', 'vet', './...']),
    ],
  };
}

/** Gives what Cargo.toml says. */
export function rustFindings(directory: Directory): Findings {
  const manifest = directory.text('Cargo.toml');
  const stated = versionIn(/^rust-version\s*=\s*["']([^"']+)/m.exec(manifest)?.[1] ?? '', 2);
  const wanted = /^edition\s*=\s*["']2024/m.test(manifest) && !isEnough(stated ?? [], [1, 85]) ? [1, 85] : stated;
  const reason = (version: string): string => `Cargo.toml asks for Rust ${version}; Debian has 1.63`;
  return {
    files: directory.those('Cargo.toml', 'Cargo.lock'),
    language: 'rust',
    ...newer('rust', wanted, `rust:${wanted?.join('.')}-slim-bookworm`, reason),
    packages: ['cargo', 'rustc'],
    more: ['ca-certificates', 'gcc', 'libc6-dev'],
    caches: ['cargo'],
    shims: ['cargo', 'rustc'],
    steps: [],
    variables: [],
    commands: [
      command('compile', 'Builds the project', ['cargo', 'build']),
      command('test', 'The tests', ['cargo', 'test'], { watch: ['src/**', 'tests/**', 'Cargo.toml'] }),
      command('start', 'Builds and runs it', ['cargo', 'run', '--']),
    ],
  };
}

/** Gives what pom.xml and build.gradle say. */
export function javaFindings(directory: Directory): Findings {
  const files = directory.those('pom.xml', 'build.gradle', 'build.gradle.kts', 'gradlew');
  const text = files.map((name) => directory.text(name)).join('\n');
  const stated =
    /<(?:maven\.compiler\.)?(?:release|source|target)>\s*([\d.]+)/.exec(text)?.[1] ??
    /(?:languageVersion|sourceCompatibility).*?(\d+)/.exec(text)?.[1];
  const wanted = versionIn(stated?.replace(/^1\./, '') ?? '', 1);
  const isGradle = files.some((name) => name.startsWith('build.gradle') || name === 'gradlew');
  const gradle = directory.names.has('gradlew') ? './gradlew' : 'gradle';
  const tool = isGradle ? [gradle, '--no-daemon'] : ['mvn', '--batch-mode'];
  const reason = (version: string): string => `the project asks for Java ${version}; Debian has 17`;
  return {
    files,
    language: 'eclipse-temurin',
    ...newer('java', wanted, `eclipse-temurin:${wanted?.[0]}-jdk`, reason),
    packages: ['default-jdk-headless'],
    more: ['ca-certificates', ...(!isGradle ? ['maven'] : gradle === 'gradle' ? ['gradle'] : [])],
    caches: [isGradle ? '/root/.gradle' : '/root/.m2'],
    shims: ['java', 'javac'],
    steps: [],
    variables: [],
    commands: [
      command('compile', 'Builds the project', [...tool, isGradle ? 'assemble' : 'package']),
      command('test', 'The tests', [...tool, 'test'], { watch: ['src/**'] }),
    ],
  };
}

function newer(
  language: keyof typeof DEBIAN,
  wanted: Version | undefined,
  name: string,
  reason: (version: string) => string,
): Pick<Findings, 'image'> {
  if (wanted === undefined || isEnough(DEBIAN[language], wanted)) return {};
  return { image: { name, reason: reason(wanted.join('.')) } };
}
