import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { environmentOf, isRoot } from './ground/account.ts';
import type { Ground } from './ground/ground.ts';
import { which } from './ground/packages.ts';
import { median } from './measure/statistics.ts';

export interface StartUp {
  /** From the start on, one after the other, in milliseconds. */
  readonly phases: readonly { readonly name: string; readonly milliseconds: number }[];
  /** All files that were opened in Node, in their order. */
  readonly files: readonly string[];
}

interface Event {
  readonly pid: number;
  readonly seconds: number;
  readonly text: string;
}

/** One thing that ends a phase: its first occurrence after the one before. */
interface Milestone {
  readonly phase: string;
  readonly ends: (event: Event) => boolean;
}

/** Each is a system call that a sandbox cannot open without, so that tracing asks for nothing from the product. */
function milestones(sandbox: string, node: number): readonly Milestone[] {
  const starts = (text: string) => (event: Event) => event.text.startsWith(text);
  return [
    { phase: 'kernel, dynamic linker, start of V8', ends: starts(`openat(AT_FDCWD, "${sandbox}"`) },
    { phase: "Node's bootstrap, bundle from its code cache", ends: starts('openat(AT_FDCWD, "/proc/self/cmdline"') },
    { phase: 'command line, survey, the launcher of the last time', ends: starts('execve(') },
    {
      phase: 'kernel replaces Node with the launcher',
      ends: ({ pid, text }) => pid === node && !text.startsWith('+++') && !text.startsWith('execve('),
    },
    { phase: 'monitor: directories, lock', ends: ({ text }) => text.startsWith('clone(') && text.includes('NEWUSER') },
    { phase: 'init: id maps, mounts', ends: starts('pivot_root(') },
    { phase: 'init: last restrictions, fork', ends: starts('execve(') },
    { phase: 'the command', ends: starts('exit_group(') },
    { phase: 'end of namespaces and monitor', ends: ({ pid, text }) => pid === node && text.startsWith('+++') },
  ];
}

function parse(trace: string): Event[] {
  return trace.split('\n').flatMap((line) => {
    const [, pid, seconds, text] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ pid: Number(pid), seconds: Number(seconds), text }];
  });
}

/** Gives the milliseconds of each phase. Throws where a milestone is missing. */
function phasesOf(events: readonly Event[], sandbox: string): Map<string, number> {
  const [first] = events;
  if (first === undefined) throw new Error('strace wrote nothing');
  const phases = new Map<string, number>();
  let at = 1;
  let since = first.seconds;
  for (const { phase, ends } of milestones(sandbox, first.pid)) {
    const found = events.findIndex((event, index) => index >= at && ends(event));
    const event = events[found];
    if (event === undefined) throw new Error(`no end of the phase "${phase}" in the trace`);
    phases.set(phase, (event.seconds - since) * 1000);
    [at, since] = [found + 1, event.seconds];
  }
  return phases;
}

/** What the trace says of files: no names of accounts, and none of the directories that a service manager made up. */
function filesOf(events: readonly Event[], { disk, bare }: Ground): string[] {
  const launcher = events.findIndex(({ text }, index) => index > 0 && text.startsWith('execve('));
  const opened = events.slice(0, launcher).flatMap(({ text }) => {
    const [, path] = /^openat\(AT_FDCWD, "([^"]*)".* = \d+$/.exec(text) ?? [];
    return path === undefined ? [] : [path];
  });
  const shown = opened.map((path) =>
    path
      .replace(bare.home, '~')
      .replace(`${disk}/`, '')
      .replace(/^(\/sys\/fs\/cgroup\/).*\//, '$1…/')
      .replace(/(launchers\/).*/, '$1…'),
  );
  return [...new Set(shown)];
}

/**
 * Traces `sandbox run -- true` on the host with strace(1), `runs` times, and gives the median of each phase. Being
 * traced costs time, though with --seccomp-bpf only at the few calls that are looked at. Gives why where that is not
 * possible.
 */
export function traceStartUp(ground: Ground, runs: number): StartUp | string {
  const strace = which('strace');
  if (strace === undefined) return 'strace is not installed';
  const { bare, sandbox } = ground;
  const output = `${bare.home}/trace`;
  const calls = 'trace=execve,openat,clone,pivot_root,exit_group';
  const words = ['-f', '--seccomp-bpf', '-ttt', '-s', '256', '-o', output, '-e', calls];
  const all: Map<string, number>[] = [];
  let files: string[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      const { status, stderr } = spawnSync(strace, [...words, sandbox, 'run', '--network', 'none', '--', 'true'], {
        cwd: `${bare.home}/work`,
        env: environmentOf(bare),
        ...(isRoot ? { uid: bare.uid, gid: bare.gid } : {}),
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
        timeout: 60_000,
      });
      if (status !== 0) return `strace: ${stderr.trim().split('\n').at(-1) ?? ''}`;
      const events = parse(readFileSync(output, 'utf8'));
      all.push(phasesOf(events, sandbox));
      files = filesOf(events, ground);
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(output, { force: true });
  }
  const names = [...(all[0]?.keys() ?? [])];
  const phases = names.map((name) => ({ name, milliseconds: median(all.map((each) => each.get(name) ?? 0)) }));
  return { phases, files };
}
