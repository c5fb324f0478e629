import type { PlanInput } from './input.ts';

/** What `ps` shows, and garbage collection needs. */
export function describeSpec({ spec, root }: PlanInput): string {
  const { lifetime, rootfs, workspace, command, network, hostname } = spec;
  const generation = root.kind === 'host' ? { generation: root.generation } : {};
  return `${JSON.stringify({ version: 1, lifetime, rootfs, workspace, network, hostname, command, ...generation })}\n`;
}
