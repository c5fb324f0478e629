/*
 * Runs the filters of the lists in libseccomp's own simulator, scmp_bpf_sim, for every system call number of every machine,
 * and compares. Debian has the simulator in the source package only: it is fetched and built. As root, on Debian:
 *   node tools/check-with-libseccomp.ts
 * Needs gcc and the package golang-github-containers-common, whose list the verdicts of `dev` are compared with.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foreignSyscallTable, syscallTable } from '../src/linux/syscall-numbers.ts';
import { type FilterRules, systemCallFilter } from '../src/plan/seccomp/filter.ts';
import type { FilterInstruction } from '../src/plan/seccomp/instruction.ts';
import { verdict } from '../test/plan/bpf.ts';
import { PodmanList } from '../test/plan/seccomp/podman-list.ts';

const LAST = 1023;
const MACHINES = [
  { arch: 'x86_64', sim: 'x86_64', docker: 'amd64', audit: 0xc000003e, table: syscallTable('x86_64') },
  { arch: 'x86_64', sim: 'x86', docker: 'amd64', audit: 0x40000003, table: foreignSyscallTable('i386') },
  { arch: 'aarch64', sim: 'aarch64', docker: 'arm64', audit: 0xc00000b7, table: syscallTable('aarch64') },
  { arch: 'aarch64', sim: 'arm', docker: 'arm64', audit: 0x40000028, table: foreignSyscallTable('arm') },
] as const;
const KEYRINGS = ['add_key', 'request_key', 'keyctl'];
const ENOSYS = 0x00050026;

/** Fetches libseccomp's source by apt, beside the system's lists, and builds the simulator. */
function buildSimulator(directory: string): string {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const suite = /VERSION_CODENAME=(\w+)/.exec(execFileSync('cat', ['/etc/os-release'], { encoding: 'utf8' }))?.[1];
  writeFileSync(
    join(directory, 'source.list'),
    `deb-src [signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`,
  );
  mkdirSync(join(directory, 'lists'));
  const options = [
    `Dir::Etc::sourcelist=${join(directory, 'source.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(directory, 'lists')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const apt = (...words: readonly string[]) =>
    void execFileSync('apt-get', ['-qq', ...options, ...words], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  apt('update');
  apt('source', '--download-only', 'libseccomp');
  const archive = readdirSync(directory).find((name) => /^libseccomp_.*\.orig\.tar\.gz$/.test(name));
  if (archive === undefined) throw new Error('apt-get source gave no archive');
  execFileSync('tar', ['-xzf', archive, '--strip-components=1'], { cwd: directory });
  const program = join(directory, 'simulator');
  const sources = ['tools/scmp_bpf_sim.c', 'tools/util.c'];
  execFileSync('gcc', ['-O1', '-o', program, '-Iinclude', '-Isrc', ...sources], { cwd: directory });
  return program;
}

function writeProgram(path: string, filter: readonly FilterInstruction[]): void {
  const bytes = Buffer.alloc(filter.length * 8);
  filter.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  writeFileSync(path, bytes);
}

/** What the simulator prints, as what a filter returns. */
function parse(text: string): number {
  const errno = /^ERRNO\((\d+)\)$/.exec(text.trim())?.[1];
  if (errno !== undefined) return 0x00050000 + Number(errno);
  if (text.trim() === 'ALLOW') return 0x7fff0000;
  throw new Error(`the simulator printed ${JSON.stringify(text)}`);
}

const directory = mkdtempSync(join(tmpdir(), 'libseccomp-'));
let compared = 0;
try {
  const simulator = buildSimulator(directory);
  const podman = new PodmanList();
  const program = join(directory, 'filter');
  for (const { arch, sim, docker, audit, table } of MACHINES) {
    const names = new Map([...table].map(([name, number]) => [number, name]));
    for (const name of ['dev', 'strict'] as const) {
      for (const capabilities of [[], ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT']]) {
        const rules: FilterRules = {
          choice: { kind: 'list', name },
          foreignCalls: 'allowed',
          capabilities,
          guardTerminal: false,
          emulateRoot: false,
        };
        const filter = systemCallFilter(arch, rules);
        writeProgram(program, filter);
        for (let number = 0; number <= LAST; number++) {
          for (const args of [
            [0, 0, 0],
            ...(names.get(number) === 'socket'
              ? [
                  [16, 3, 9],
                  [40, 1, 0],
                  [2, 3, 1],
                ]
              : []),
          ]) {
            const words = args.flatMap((value, index) => [`-${index}`, String(value)]);
            const { stdout, status } = spawnSync(
              simulator,
              ['-f', program, '-a', sim, '-s', String(number), ...words],
              { encoding: 'utf8' },
            );
            if (status !== 0) throw new Error(`the simulator ended with ${status}`);
            const all = Array.from({ length: 6 }, (_, index) => BigInt(args[index] ?? 0));
            const called = names.get(number);
            const keyring = called !== undefined && KEYRINGS.includes(called);
            const ours = verdict(filter, { number, arch: audit, arguments: all });
            const expected =
              name === 'strict' ? ours : keyring ? ENOSYS : podman.verdict(called, all, docker, capabilities);
            const says = parse(stdout);
            if (says !== expected || says !== ours)
              throw new Error(`${sim} ${name} ${number} ${called}(${args}): ${says}, not ${expected} (${ours})`);
            compared++;
          }
        }
      }
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.stdout.write(`${compared} verdicts of libseccomp's simulator are those expected\n`);
