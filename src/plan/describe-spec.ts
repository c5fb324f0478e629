import type { PlanInput } from './input.ts';

/** What `ps` shows, and what garbage collection and opening the sandbox again need: StoredSpec of the store. */
export function describeSpec({ spec, root, driver }: PlanInput): string {
  const { lifetime, workspace, command, network, hostname, security } = spec;
  const { kind: storageDriver } = driver;
  const about = {
    version: 1,
    lifetime,
    rootfs: spec.rootfs,
    storageDriver,
    workspace,
    network,
    hostname,
    command,
    security,
  };
  const generation = root.kind === 'host' ? { generation: root.generation } : {};
  return `${JSON.stringify({ ...about, ...generation })}\n`;
}
