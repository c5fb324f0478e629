import { cFindings } from './c.ts';
import { goFindings, javaFindings, rustFindings } from './compiled.ts';
import { Directory, type Findings } from './findings.ts';
import { nodeFindings } from './node.ts';
import { pythonFindings } from './python.ts';

interface Ecosystem {
  /** Files that tell it. */
  readonly marks: readonly string[];
  readonly findings: (directory: Directory) => Findings;
}

/** In the order in which the first one decides about the image. */
const ECOSYSTEMS = {
  node: { marks: ['package.json'], findings: nodeFindings },
  python: {
    marks: ['pyproject.toml', 'requirements.txt', 'setup.py', 'setup.cfg', 'Pipfile'],
    findings: pythonFindings,
  },
  go: { marks: ['go.mod'], findings: goFindings },
  rust: { marks: ['Cargo.toml'], findings: rustFindings },
  c: {
    marks: ['CMakeLists.txt', 'meson.build', 'Makefile', 'makefile', 'GNUmakefile', 'configure.ac'],
    findings: cFindings,
  },
  java: { marks: ['pom.xml', 'build.gradle', 'build.gradle.kts'], findings: javaFindings },
} as const satisfies Readonly<Record<string, Ecosystem>>;

type EcosystemName = keyof typeof ECOSYSTEMS;
export type TemplateName = EcosystemName | 'empty';

const NAMES = Object.keys(ECOSYSTEMS) as EcosystemName[];

/** Gives the ecosystems whose files are in a directory. A Makefile beside another language's files is not C. */
function detect(directory: Directory): EcosystemName[] {
  const found = NAMES.filter((name) => ECOSYSTEMS[name].marks.some((mark) => directory.names.has(mark)));
  const isOnlyMake = directory.those('CMakeLists.txt', 'meson.build', 'configure.ac').length === 0;
  return found.length > 1 && isOnlyMake ? found.filter((name) => name !== 'c') : found;
}

/** Looks at a directory, or takes it for what it is said to be; gives what each ecosystem finds. Throws Node's errors. */
export function findingsIn(path: string, template: TemplateName | undefined): Findings[] {
  const directory = new Directory(path);
  if (template === 'empty') return [];
  return (template === undefined ? detect(directory) : [template]).map((name) => ECOSYSTEMS[name].findings(directory));
}
