import { command, type Directory, type DraftStep, type Findings, isEnough, versionIn } from './findings.ts';

/** Of Debian 12. */
const DEBIAN_PYTHON = [3, 11];
const VENV = '/opt/venv';
/** Compiled files have times in them, and would differ from build to build. */
const PIP = `pip --python ${VENV}/bin/python install --no-compile --disable-pip-version-check --root-user-action=ignore`;

/** Gives what pyproject.toml, requirements.txt and their like say. */
export function pythonFindings(directory: Directory): Findings {
  const project = directory.text('pyproject.toml');
  const wanted = versionIn(/requires-python\s*=\s*["']([^"']+)/.exec(project)?.[1] ?? '', 2);
  const isOld = wanted !== undefined && !isEnough(DEBIAN_PYTHON, wanted);
  const files = directory.those('requirements.txt', 'pyproject.toml', 'setup.py', 'setup.cfg');
  const usesPytest =
    /pytest/.test(project + files.map((name) => directory.text(name)).join('')) || directory.names.has('pytest.ini');
  const step = requirements(directory, project);
  const start = directory.names.has('manage.py')
    ? [command('start', 'The development server', ['python3', 'manage.py', 'runserver'])]
    : [];
  const test = usesPytest ? ['python3', '-m', 'pytest'] : ['python3', '-m', 'unittest'];
  return {
    files,
    language: 'python',
    ...(isOld
      ? {
          image: {
            name: `python:${wanted.join('.')}-slim-bookworm`,
            reason: `pyproject.toml asks for Python ${wanted.join('.')}; Debian has 3.11`,
          },
        }
      : {}),
    packages: [
      'python3',
      ...(step === undefined ? [] : ['python3-pip', 'python3-venv']),
      ...(usesPytest ? ['python3-pytest'] : []),
    ],
    more: ['ca-certificates'],
    caches: step === undefined ? [] : ['pip'],
    shims: ['python3'],
    steps: step === undefined ? [] : [step],
    variables: [
      { name: 'PYTHONDONTWRITEBYTECODE', value: '1', comment: 'No __pycache__ in the project.' },
      ...(step === undefined
        ? []
        : [
            {
              name: 'PATH',
              value: `${VENV}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
              comment: 'The virtual environment comes first.',
            },
          ]),
    ],
    commands: [command('test', 'The tests', test, { watch: ['**/*.py'] }), ...start],
  };
}

function requirements(directory: Directory, project: string): DraftStep | undefined {
  const isListed = directory.names.has('requirements.txt');
  if (!isListed && !/^dependencies\s*=\s*\[\s*["']/m.test(project)) return undefined;
  const listed = `${PIP} -r requirements.txt`;
  const declared = [
    `python3 -c 'import tomllib; print("\\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))' > /tmp/list`,
    `${PIP} -r /tmp/list && rm /tmp/list`,
  ].join('\n');
  const lines = directory
    .text('requirements.txt')
    .split('\n')
    .filter((line) => /^\s*[A-Za-z0-9]/.test(line));
  const isPinned = isListed && lines.every((line) => line.includes('==') || line.includes('@'));
  return {
    name: 'requirements',
    comment: [
      `A virtual environment in ${VENV}, which sees Debian's Python packages too.`,
      ...(isPinned ? [] : ['Not every version is pinned, so each build may get others: pin them with NAME==VERSION.']),
    ],
    inputs: [isListed ? 'requirements.txt' : 'pyproject.toml'],
    caches: ['pip'],
    script: `export PYTHONDONTWRITEBYTECODE=1\npython3 -m venv --system-site-packages --without-pip ${VENV}\n${isListed ? listed : declared}\n`,
    isPinned,
  };
}
