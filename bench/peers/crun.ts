import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Ground } from '../ground/ground.ts';
import { which } from '../ground/packages.ts';
import { type Candidate, notInstalled } from './candidate.ts';

/** The parts of an OCI runtime configuration that are set here; the rest stays as `crun spec` makes it. */
interface Configuration {
  process: { terminal: boolean; args: string[] };
  root: { path: string; readonly: boolean };
  linux: { namespaces: { type: string }[] };
}

/** `crun run` of a bundle like the one `crun spec --rootless` gives, without a network and without cgroups. */
export function crun({ debian, full, disk }: Ground, command: readonly string[] = ['/bin/true']): Candidate {
  const name = 'crun run';
  const program = which('crun');
  const root = debian.get(full);
  if (program === undefined) return notInstalled(name, 'crun');
  if (root === undefined) return { name, command: undefined, reason: 'no root file system' };
  const id = `bench-${command.length}`;
  const bundle = `${disk}/bundle-${id}`;
  mkdirSync(bundle, { recursive: true });
  const file = `${bundle}/config.json`;
  execFileSync(program, ['spec', '--rootless'], { cwd: bundle });
  // Made as another user than the one that runs it, whose ids are to be mapped.
  const text = readFileSync(file, 'utf8').replace(/"hostID": \d+/g, '"hostID": HOST');
  let group = false;
  const mapped = text.replace(/"(uidMappings|gidMappings)"|HOST/g, (found) => {
    if (found !== 'HOST') group = found === '"gidMappings"';
    return found === 'HOST' ? String(group ? full.gid : full.uid) : found;
  });
  const configuration = JSON.parse(mapped) as Configuration;
  configuration.process.terminal = false;
  configuration.process.args = [...command];
  configuration.root = { path: root, readonly: true };
  const namespaces = configuration.linux.namespaces.filter(({ type }) => type !== 'network');
  configuration.linux.namespaces = [...namespaces, { type: 'network' }];
  writeFileSync(file, JSON.stringify(configuration));
  return {
    name,
    command: { argv: [program, '--cgroup-manager=disabled', 'run', '--bundle', bundle, id], account: full },
  };
}
