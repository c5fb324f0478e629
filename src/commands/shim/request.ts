import type { ReadyEnvironment } from '../../project/record.ts';
import type { ShimRequest } from '../../project/shim/compile.ts';
import type { Stamp } from '../../project/stamp.ts';
import { parseArguments } from '../arguments/parse-arguments.ts';
import { parseVariable, type VariableRequest } from '../options/environment.ts';
import { sandboxOptions } from '../options/sandbox-options.ts';
import { projectPart, rootOf, withEnvironmentOptions } from '../project/open.ts';
import { type BuiltSpec, buildSpec } from '../spec/build-spec.ts';
import { ownSurroundings } from '../spec/surroundings.ts';

/** Of the terminal, the language and the time zone: what sandbox-environment.ts passes. */
const PASSED = ['TERM', 'COLORTERM', 'TZ'];
const LOCALE = 'LANG';
const LOCALE_PREFIX = 'LC_';
/** Each image's C library has it: sandbox-environment.ts. */
const IMAGE_LOCALE = [LOCALE, 'C.UTF-8'] as const;

const PASS_ENV = '--env=';

/** Gives what the shims of an environment start; `notes`: for the user. Throws what buildSpec throws. */
export async function shimRequest(
  ready: ReadyEnvironment,
  stamps: readonly Stamp[],
): Promise<ShimRequest & { readonly notes: readonly string[] }> {
  const passed = ready.words.filter((word) => word.startsWith(PASS_ENV));
  const variables = passed.map((word) => parseVariable(word.slice(PASS_ENV.length)));
  const { spec, notes, keepsDirectory } = await specOf(ready, variables);
  const taken = new Set(spec.environment.map(([name]) => name));
  const inherited = {
    names: [
      ...new Set([
        ...[...PASSED, ...(ready.root.kind === 'host' ? [LOCALE] : [])].filter((name) => !taken.has(name)),
        ...variables.flatMap((each) => (each.kind === 'host' ? [each.name] : [])),
      ]),
    ],
    prefixes: ready.root.kind === 'host' || variables.some(isOfLocale) ? [LOCALE_PREFIX] : [],
    ...(ready.root.kind === 'host' || taken.has(LOCALE) ? {} : { locale: IMAGE_LOCALE }),
  };
  const takesProgram = spec.limits !== undefined || spec.secrets.length > 0 || hasSession(ready, spec);
  const isPattern = variables.some((each) => each.kind === 'prefix' && !isOfLocale(each));
  return { ready, stamps, notes, inherited, keepsDirectory, spec: takesProgram || isPattern ? undefined : spec };
}

/** Sockets of the session lie elsewhere the next time. */
function hasSession({ volumes }: ReadyEnvironment, spec: BuiltSpec['spec']): boolean {
  return spec.volumes.length > volumes.length || spec.tmpfs.some(({ destination }) => destination.startsWith('/run/'));
}

function isOfLocale(request: VariableRequest): boolean {
  return request.kind === 'prefix' && request.prefix.startsWith(LOCALE_PREFIX);
}

/** The same sandbox for any caller: who stands in the project's directory, without variables of the caller's own. */
async function specOf(ready: ReadyEnvironment, variables: readonly VariableRequest[]) {
  const surroundings = ownSurroundings();
  const { environment } = surroundings;
  const isCallers = (name: string): boolean =>
    PASSED.includes(name) || name === LOCALE || name.startsWith(LOCALE_PREFIX);
  const fixed = variables.flatMap((each) => (each.kind === 'set' ? [`${PASS_ENV}${each.name}=${each.value}`] : []));
  const words = [...ready.words.filter((word) => !word.startsWith(PASS_ENV)), ...fixed];
  const { options } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, []);
  const { spec, notes } = await buildSpec(
    {
      options: withEnvironmentOptions({ ...ready, words }, options),
      root: await rootOf(ready),
      lifetime: { kind: 'ephemeral' },
      purpose: 'shell',
      profile: undefined,
      command: ['true'],
      project: projectPart(ready),
    },
    {
      ...surroundings,
      currentDirectory: () => ready.directory,
      environment: new Map([...environment].filter(([name]) => !isCallers(name))),
    },
  );
  return { spec: { ...spec, terminal: 'inherited' as const }, notes, keepsDirectory: ready.workdir === undefined };
}
