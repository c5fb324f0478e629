import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostArch } from '../../src/linux/arch.ts';
import { syscallNumber } from '../../src/linux/syscall-numbers.ts';
import { parseSeccompProfile } from '../../src/plan/seccomp/docker-profile.ts';
import { type FilterRules, systemCallFilter } from '../../src/plan/seccomp/filter.ts';
import { ratioGoal } from '../goals.ts';
import type { Ground } from '../ground/ground.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import { output } from '../measure/process.ts';
import type { Candidate } from '../peers/candidate.ts';
import type { Result } from '../sections.ts';
import { askingForParent } from './program.ts';

const TIMES = 2_000_000;
const PODMAN_LIST = '/usr/share/containers/seccomp.json';
const NO_FILTER = 'no filter';
const STRICT = 'filter of strict';
const PODMAN = "filter of podman's list";

/** Installs a filter (seccomp(2), with no_new_privs), perhaps none, and runs a program; prints nanoseconds of both. */
const PERL = `
  use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
  my ($file, $program) = @ARGV;
  my ($installed, $a) = (0);
  if ($file ne '') {
    open my $f, '<:raw', $file or die; local $/; my $bytes = <$f>; my $filter = pack 'S x6 P', length($bytes) / 8, $bytes;
    syscall(${syscallNumber(hostArch(), 'prctl')}, 38, 1, 0, 0, 0) == 0 or die;
    $a = clock_gettime(CLOCK_MONOTONIC);
    syscall(${syscallNumber(hostArch(), 'seccomp')}, 1, 0, $filter) == 0 or die "$!";
    $installed = clock_gettime(CLOCK_MONOTONIC) - $a;
  }
  $a = clock_gettime(CLOCK_MONOTONIC);
  system { $program } $program; die if $?;
  printf "%d %d\\n", 1e9 * (clock_gettime(CLOCK_MONOTONIC) - $a), 1e9 * $installed;`;

/** What a filter costs each call, and once, beside the same calls without one. */
export function seccompFilters(ground: Ground, runs: number): Result[] {
  const { bare } = ground;
  const program = `${ground.disk}/getppid`;
  writeFileSync(program, askingForParent(TIMES));
  chmodSync(program, 0o755);
  const filters: ReadonlyArray<readonly [name: string, rules: FilterRules | undefined]> = [
    [STRICT, rulesOf({ kind: 'list', name: 'strict' })],
    ['filter of dev', rulesOf({ kind: 'list', name: 'dev' })],
    [PODMAN, podmanRules()],
  ];
  const files = filters.map(([name, rules], index) => {
    if (rules === undefined) return { name, file: undefined };
    const file = `${ground.disk}/filter-${index}`;
    writeFileSync(file, bytesOf(rules));
    chmodSync(file, 0o644);
    return { name, file };
  });
  const candidate = (name: string, file: string | undefined, field: 0 | 1): Candidate =>
    file === undefined
      ? { name, command: undefined, reason: `${PODMAN_LIST} is not there` }
      : {
          name,
          command: { argv: ['perl', '-e', PERL, file, program], account: bare },
          measure: (command) => Number(output(command).split(' ')[field]) / 1e6,
        };
  const calls: Result['section'] = {
    title: `getppid, ${TIMES / 1e6} million times`,
    unit: 'ms',
    outcomes: measureInTurns(
      [candidate(NO_FILTER, '', 0), ...files.map(({ name, file }) => candidate(name, file, 0))],
      runs,
    ),
    reference: NO_FILTER,
  };
  const once: Result['section'] = {
    title: 'Installing a seccomp filter',
    unit: 'ms',
    outcomes: measureInTurns(
      files.map(({ name, file }) => candidate(name, file, 1)),
      runs,
    ),
    reference: PODMAN,
  };
  return [
    {
      section: calls,
      goals: [ratioGoal(calls, STRICT, NO_FILTER, [1.15, 1.1]), ratioGoal(calls, STRICT, PODMAN, [1.05, 1])],
    },
    { section: once, goals: [] },
  ];
}

function rulesOf(choice: FilterRules['choice']): FilterRules {
  const foreignCalls = choice.kind === 'list' && choice.name === 'strict' ? 'refused' : 'allowed';
  return { choice, foreignCalls, capabilities: [], guardTerminal: true, emulateRoot: false };
}

function podmanRules(): FilterRules | undefined {
  if (!existsSync(PODMAN_LIST)) return undefined;
  const profile = parseSeccompProfile(readFileSync(PODMAN_LIST, 'utf8'), PODMAN_LIST);
  return { ...rulesOf({ kind: 'profile', path: PODMAN_LIST, profile }), guardTerminal: false };
}

function bytesOf(rules: FilterRules): Buffer {
  const filter = systemCallFilter(hostArch(), rules);
  const bytes = Buffer.alloc(filter.length * 8);
  for (const [index, [code, jumpTrue, jumpFalse, k]] of filter.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  }
  return bytes;
}
