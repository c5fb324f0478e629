import { readFileSync } from 'node:fs';
import type { ProfileLimits } from '../../config/config.ts';
import type { DeviceRate } from '../../linux/group-limits.ts';
import type { Limits, ResourceLimit, Spec } from '../../plan/spec.ts';
import type { OptionValues } from '../arguments/option.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { groupLimitOptions, limitOptions } from '../options/limit-options.ts';

type GroupOptions = OptionValues<typeof groupLimitOptions>;

/** Names of the lines of /proc/PID/limits: proc_pid_limits(5). */
const LIMIT_LINE: Readonly<Record<string, string>> = {
  CPU: 'Max cpu time',
  FSIZE: 'Max file size',
  DATA: 'Max data size',
  STACK: 'Max stack size',
  CORE: 'Max core file size',
  RSS: 'Max resident set',
  NPROC: 'Max processes',
  NOFILE: 'Max open files',
  MEMLOCK: 'Max locked memory',
  AS: 'Max address space',
  LOCKS: 'Max file locks',
  SIGPENDING: 'Max pending signals',
  MSGQUEUE: 'Max msgqueue size',
  NICE: 'Max nice priority',
  RTPRIO: 'Max realtime priority',
  RTTIME: 'Max realtime timeout',
};

/** Gives this process's hard limit, -1 where there is none; from the text of /proc/self/limits. */
export function hardLimit(text: string, name: string): number {
  const label = LIMIT_LINE[name] ?? '';
  const line = text.split('\n').find((each) => each.startsWith(label));
  const [, hard = 'unlimited'] = (line ?? '').slice(label.length).trim().split(/\s+/);
  return hard === 'unlimited' ? -1 : Number(hard);
}

/** An ordinary user may lower the limits of processes and not raise them: getrlimit(2). */
function checkAllowed({ name, hard }: ResourceLimit, allowed: number): void {
  if (allowed === -1 || (hard !== -1 && hard <= allowed)) return;
  throw new UsageError(`--ulimit: ${name.toLowerCase()} may not be raised above your own hard limit, ${allowed}`, {
    hint: `ask for at most ${name.toLowerCase()}=${allowed}, or raise your own in /etc/security/limits.conf`,
  });
}

function ulimitsOf(requests: OptionValues<typeof limitOptions>['ulimit']): readonly ResourceLimit[] {
  const named = requests.filter((request) => request !== 'host');
  if (named.length === 0) return [];
  const own = readFileSync('/proc/self/limits', 'utf8');
  for (const limit of named) checkAllowed(limit, hardLimit(own, limit.name));
  // Given twice, the last one counts.
  return [...new Map(named.map((limit) => [limit.name, limit])).values()];
}

function given<Name extends string, T>(name: Name, value: T | undefined): { readonly [K in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in Name]?: T });
}

/** Gives the limits of a control group that options ask for. Throws UsageError where they contradict each other. */
export function groupLimitsOf(options: GroupOptions, defaults: ProfileLimits = {}): Omit<Limits, 'enforcement'> {
  for (const [one, other, isBoth] of [
    ['--cpu-weight', '--cpu-shares', options.cpuWeight !== undefined && options.cpuShares !== undefined],
    ['--io-weight', '--blkio-weight', options.ioWeight !== undefined && options.blkioWeight !== undefined],
  ] as const) {
    if (isBoth) throw new UsageError(`${one}: expected no ${other} besides it: they are the same in two units`);
  }
  const deviceRates: readonly DeviceRate[] = [
    ...options.deviceReadBps,
    ...options.deviceWriteBps,
    ...options.deviceReadIops,
    ...options.deviceWriteIops,
  ];
  const limits = {
    ...defaults,
    ...given('memory', options.memory),
    ...given('memorySwap', options.memorySwap),
    ...given('cpus', options.cpus),
    ...given('cpuWeight', options.cpuWeight ?? options.cpuShares),
    ...given('pids', options.pidsLimit),
    ...given('ioWeight', options.ioWeight ?? options.blkioWeight),
    ...(deviceRates.length === 0 ? {} : { deviceRates }),
  };
  const { memory, memorySwap } = limits;
  if (memorySwap !== undefined && memorySwap !== -1) {
    if (memory === undefined) {
      throw new UsageError('--memory-swap: expected --memory besides it: it is memory and swap together');
    }
    if (memorySwap < memory) {
      throw new UsageError('--memory-swap: expected at least as much as --memory: it is memory and swap together');
    }
  }
  return limits;
}

/**
 * Gives what a sandbox may use of the machine: by options, and by its profile where they say nothing. What was asked for is
 * required, unless `--limits best-effort` says otherwise; a profile's limits alone are not. Throws UsageError.
 */
export function limitsOf(
  options: OptionValues<typeof limitOptions>,
  defaults: ProfileLimits = {},
): Pick<Spec, 'limits' | 'resourceLimits' | 'timeout'> {
  const asked = groupLimitsOf(options);
  const isAsked = Object.keys(asked).length > 0;
  const isWished = options.limits !== undefined || isAsked || Object.keys(defaults).length > 0;
  const enforcement =
    options.limits === 'required' || (isAsked && options.limits !== 'best-effort') ? 'required' : 'bestEffort';
  return {
    ...(isWished ? { limits: { ...groupLimitsOf(options, defaults), enforcement } } : {}),
    resourceLimits: ulimitsOf(options.ulimit),
    ...given('timeout', options.timeout),
  };
}
