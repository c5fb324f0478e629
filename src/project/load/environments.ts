import type { Environment, ProjectVolume, Step } from '../model.ts';
import type { EnvironmentTable, ProjectFile } from '../schema/file.ts';
import type { StepTable } from '../schema/step.ts';
import { NAME } from '../schema/values.ts';
import { packagesScript } from './packages.ts';
import type { Problem } from './problems.ts';
import { cycle, unknown } from './references.ts';
import { cachesOf, normal, variablesOf, volumeOf, withoutUndefined } from './values.ts';

export const DEFAULT = 'default';
const MOST_ENVIRONMENTS = 100;

/** An environment as it is written. */
interface Written {
  readonly name: string;
  /** The keys that lead to it. */
  readonly at: readonly string[];
  readonly table: EnvironmentTable;
}

/** Takes the checked file; gives its environments, `default` first, and adds to `problems` what is wrong with them. */
export function readEnvironments(file: ProjectFile, problems: Problem[]): ReadonlyMap<string, Environment> {
  const written = writtenEnvironments(file, problems);
  const done = new Map<string, Environment>();
  for (const each of written.values()) {
    const chain = chainOf(each, written, problems);
    if (chain === undefined) continue;
    const environment = chain.reduce<Environment | undefined>(
      (parent, next) => extend(parent, next, problems),
      undefined,
    );
    if (environment === undefined) continue;
    checkWhole(environment, each, problems);
    done.set(each.name, environment);
  }
  return done;
}

function writtenEnvironments(file: ProjectFile, problems: Problem[]): ReadonlyMap<string, Written> {
  const { env = {}, name: _name, command: _command, service: _service, 'shim-refresh': _refresh, ...top } = file;
  const own: Record<string, string | number | boolean> = {};
  const found = new Map<string, Written>([[DEFAULT, { name: DEFAULT, at: [], table: { ...top, env: own } }]]);
  for (const [name, value] of Object.entries(env)) {
    const at = ['env', name];
    if (typeof value !== 'object') {
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) own[name] = value;
      else problems.push({ path: at, message: "no variable's name: letters, digits and '_', no digit first", rank: 1 });
    } else if (name === DEFAULT) {
      const hint = 'its keys stand at the top of the file, its variables in [env]';
      problems.push({ path: at, message: '`default` is the environment at the top of the file', hint, rank: 1 });
    } else if (!NAME.test(name)) {
      problems.push({
        path: at,
        message: "no environment's name: up to 64 letters, digits, '.', '_' and '-'",
        rank: 1,
      });
    } else if (found.size < MOST_ENVIRONMENTS) found.set(name, { name, at, table: value });
    else {
      problems.push({ path: at, message: `there are more than ${MOST_ENVIRONMENTS} environments`, rank: 1 });
      return new Map();
    }
  }
  return found;
}

/** Gives an environment with those that it extends, the outermost first; undefined where that cannot be told. */
function chainOf(
  written: Written,
  all: ReadonlyMap<string, Written>,
  problems: Problem[],
): readonly Written[] | undefined {
  const chain = [written];
  for (let current = written; current.table.extends !== undefined; ) {
    const parent = all.get(current.table.extends);
    const path = [...current.at, 'extends'];
    if (parent === undefined) {
      if (current === written) problems.push(unknown('environment', current.table.extends, path, all.keys()));
      return undefined;
    }
    const start = chain.indexOf(parent);
    if (start !== -1) {
      // Told once, by the one of the loop that stands first in the file.
      const loop = [...chain.slice(start), parent].map(({ name }) => name);
      const first = [...all.keys()].find((name) => loop.includes(name));
      if (start === 0 && written.name === first) problems.push(cycle('extends', loop, [...written.at, 'extends']));
      return undefined;
    }
    chain.push(parent);
    current = parent;
  }
  return chain.reverse();
}

/** What tells two elements of a list apart; the later one counts. */
function joined<T>(parent: readonly T[] | undefined, own: readonly T[], identity: (item: T) => unknown): readonly T[] {
  const all = new Map((parent ?? []).map((item) => [identity(item), item]));
  for (const item of own) {
    if (all.get(identity(item)) === item) continue;
    all.delete(identity(item));
    all.set(identity(item), item);
  }
  return [...all.values()];
}

const same = (item: unknown): unknown => item;
const first = ([name]: readonly [string, unknown]): unknown => name;

function extend(parent: Environment | undefined, { name, at, table }: Written, problems: Problem[]): Environment {
  const volumes = (table.volumes ?? []).map(volumeOf);
  expectMountPoints(volumes, [...at, 'volumes'], problems);
  const limits = Object.entries(table.limits ?? {}).flatMap(([option, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => [option, `${each}`] as const),
  );
  const given = new Set(limits.map(([option]) => option));
  const own = {
    workdir: table.workdir === undefined ? parent?.workdir : normal(table.workdir),
    user: table.user === undefined ? parent?.user : `${table.user}`,
    workspace: table.workspace ?? parent?.workspace,
    network: table.network ?? parent?.network,
    profile: table.profile ?? parent?.profile,
    description: table.description,
  };
  return {
    name,
    image: table.image ?? parent?.image ?? '',
    steps: [...(parent?.steps ?? []), ...stepsOf(parent, { name, at, table }, problems)],
    variables: joined(parent?.variables, variablesOf(table.env), first),
    passEnv: joined(parent?.passEnv, table['pass-env'] ?? [], same),
    volumes: joined(parent?.volumes, volumes, ({ destination }) => destination),
    tmpfs: joined(parent?.tmpfs, table.tmpfs ?? [], (text) => normal(text.split(':')[0] ?? '')),
    ports: joined(parent?.ports, table.ports ?? [], same),
    secrets: joined(parent?.secrets, table.secrets ?? [], (text) => text.split('=')[0]),
    caches: joined(parent?.caches, cachesOf(table.cache), (use) => (use.kind === 'known' ? use.name : use.path)),
    limits: [...(parent?.limits ?? []).filter(([option]) => !given.has(option)), ...limits],
    session: joined<string>(parent?.session, table.session ?? [], same),
    devices: joined(parent?.devices, table.devices ?? [], same),
    shims: joined(parent?.shims, table.shims ?? [], same),
    ...withoutUndefined(own),
  };
}

/** What is there is the kernel's, and the root is the image's: commands/options/path.ts. */
function expectMountPoints(volumes: readonly ProjectVolume[], at: readonly string[], problems: Problem[]): void {
  for (const [index, { destination }] of volumes.entries()) {
    const path = [...at, `${index}`];
    const isTaken = volumes.slice(0, index).some((other) => other.destination === destination);
    if (isTaken) problems.push({ path, message: `there is another volume for ${destination} in the list`, rank: 1 });
    if (/^\/(?:$|(?:proc|sys)(?:\/|$))/.test(destination)) {
      problems.push({ path, message: `nothing can be mounted on ${destination}`, rank: 1 });
    }
  }
}

/** Gives the steps that an environment has besides those of the one that it extends. */
function stepsOf(parent: Environment | undefined, { name, at, table }: Written, problems: Problem[]): readonly Step[] {
  const before = parent?.steps ?? [];
  const steps: Step[] = [];
  const add = (step: Omit<Step, 'number'>, path: readonly string[]): void => {
    const isTaken = [...before, ...steps].some((other) => other.name === step.name);
    if (isTaken) problems.push({ path, message: `there is another step called ${JSON.stringify(step.name)}`, rank: 1 });
    steps.push({ number: before.length + steps.length + 1, ...step });
  };
  const { packages = [] } = table;
  if (packages.length > 0) {
    const isFurther = before.some((step) => step.name === 'packages');
    const caches = [...(parent?.caches ?? []), ...cachesOf(table.cache)];
    const cached = caches.some((use) => use.kind === 'known' && use.name === 'apt');
    add(
      {
        name: isFurther ? `packages-${name}` : 'packages',
        script: packagesScript(packages, { cached }),
        inputs: [],
        variables: [],
        caches: cached ? [{ kind: 'known', name: 'apt' }] : [],
        network: 'host',
        reproducible: true,
      },
      [...at, 'packages'],
    );
  }
  for (const [index, each] of (table.steps ?? []).entries()) {
    add(stepOf(each, before.length + steps.length + 1), [...at, 'steps', `${index}`, 'name']);
  }
  return steps;
}

function stepOf(table: StepTable, number: number): Omit<Step, 'number'> {
  return {
    name: table.name ?? `step ${number}`,
    script: table.run,
    inputs: table.inputs ?? [],
    variables: variablesOf(table.env),
    caches: cachesOf(table.cache),
    network: table.network === true ? 'host' : 'none',
    reproducible: table.reproducible ?? true,
  };
}

function checkWhole(environment: Environment, { at, table }: Written, problems: Problem[]): void {
  if (environment.image === '') {
    const hint = 'extends = "default" takes over what stands at the top of the file; or say image = "…" here';
    problems.push({ path: at, message: 'there is no image', hint, rank: 3 });
  }
  if (environment.image !== 'host' || environment.steps.length === 0) return;
  const isOwn = (table.packages ?? []).length > 0;
  const key = isOwn ? ['packages'] : table.steps === undefined ? ['extends'] : ['steps', '0'];
  problems.push({
    path: [...at, ...key],
    message: 'an environment with image = "host" has no steps and packages: the host is another one on each machine',
    hint: 'begin with an image, such as image = "debian:bookworm"; or set up the host yourself',
    rank: 1,
  });
}
