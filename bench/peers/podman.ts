import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Ground } from '../ground/ground.ts';
import { which } from '../ground/packages.ts';
import { type Command, refusal } from '../measure/process.ts';
import type { Candidate } from './candidate.ts';

const IMAGE = 'localhost/debian:bench';
const ROOTFS = 'podman run --rootfs DEBIAN';
const OVERLAID = 'podman run --rootfs DEBIAN:O';
const FROM_IMAGE = 'podman run, image of DEBIAN, overlay';
const EXEC = 'podman exec';
const OPEN = 'bench-open';

/** What makes podman run where no systemd is, without what would make it slower. */
function podmanEnvironment({ disk }: Ground): Record<string, string> {
  const settings = `${disk}/containers.conf`;
  const engine = 'cgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "crun"';
  writeFileSync(settings, `[containers]\ncgroups = "disabled"\nlog_driver = "k8s-file"\n[engine]\n${engine}\n`);
  return { CONTAINERS_CONF: settings };
}

/** `podman pull` into a store below `root`, from a registry behind plain HTTP. */
export function podmanPull(ground: Ground, image: string, root: string): Command | undefined {
  const program = which('podman');
  if (program === undefined) return undefined;
  const store = ['--root', root, '--runroot', `${ground.full.runtimeDirectory}/p2`, '--storage-driver', 'overlay'];
  const argv = [program, ...store, 'pull', '--quiet', '--tls-verify=false', image];
  return { argv, account: ground.full, env: podmanEnvironment(ground) };
}

/** Podman as an ordinary user has it without systemd, and without what would make it slower: no journal, no cgroups. */
export class Podman {
  readonly #ground: Ground;
  readonly #program: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(ground: Ground, program: string) {
    this.#ground = ground;
    this.#program = program;
    this.#env = podmanEnvironment(ground);
  }

  /** Gives podman with an image made of the Debian root, or why there is none. */
  static prepare(ground: Ground): Podman | string {
    const program = which('podman');
    const root = ground.debian.get(ground.full);
    if (program === undefined) return 'podman is not installed';
    if (root === undefined) return 'no root file system';
    const podman = new Podman(ground, program);
    const archive = `${ground.disk}/debian.tar`;
    execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', archive, '.']);
    return refusal(podman.#command('import', '--quiet', archive, IMAGE)) ?? podman;
  }

  /** Debian's podman 4.3 takes the driver vfs for a new user, which copies the whole image, unless it is named. */
  #command(...words: readonly string[]): Command {
    const { full } = this.#ground;
    const store = ['--root', `${full.home}/podman`, '--runroot', `${full.runtimeDirectory}/p`];
    return {
      argv: [this.#program, ...store, '--storage-driver', 'overlay', ...words],
      account: full,
      env: this.#env,
    };
  }

  /** What `runs` gives where there is no podman. */
  static absent(reason: string): Candidate[] {
    return [ROOTFS, OVERLAID, FROM_IMAGE].map((name) => ({ name, command: undefined, reason }));
  }

  /** Starting `true`: from the same root directory as others do, and from an image as it is mostly used. */
  runs(): Candidate[] {
    const root = this.#ground.debian.get(this.#ground.full) ?? '';
    const run = ['run', '--rm', '--network=none'];
    return [
      { name: ROOTFS, command: this.#command(...run, '--rootfs', root, 'true') },
      { name: OVERLAID, command: this.#command(...run, '--rootfs', `${root}:O`, 'true') },
      { name: FROM_IMAGE, command: this.#command(...run, IMAGE, 'true') },
    ];
  }

  static absentExec(reason: string): Candidate {
    return { name: EXEC, command: undefined, reason };
  }

  /** Opens a container and gives what runs one more command in it. */
  join(): Candidate {
    const refused = refusal(this.#command('run', '--detach', '--name', OPEN, '--network=none', IMAGE, 'sleep', '3600'));
    if (refused !== undefined) return Podman.absentExec(refused);
    return { name: EXEC, command: this.#command('exec', OPEN, 'true') };
  }

  /** A container that leaves its monitor's process id in `pidFile` and is gone with its command. */
  idle(pidFile: string): Command {
    return this.#command(
      ...['run', '--rm', '--detach', '--network=none', '--conmon-pidfile', pidFile],
      ...[IMAGE, 'sleep', '3600'],
    );
  }

  /** Removes what `join` opened. */
  close(): void {
    refusal(this.#command('rm', '--force', '--time', '0', OPEN));
  }
}
