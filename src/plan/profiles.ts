import type { Security, Spec } from './spec.ts';

/** Profiles that are there without being configured. */
export type BuiltInProfile = 'dev' | 'strict';

/** What they decide; docs/security.md, "Profiles", has it as a table. */
export const PROFILES: Readonly<Record<BuiltInProfile, Security>> = {
  /** For one's own work: what podman's and docker's users know. */
  dev: {
    profile: 'dev',
    seccomp: { kind: 'list', name: 'dev' },
    foreignCalls: 'allowed',
    landlock: false,
    userNamespaces: 'allowed',
    session: 'shared',
    capabilities: { add: [], drop: [] },
  },
  /** For what is not trusted: as little of the kernel as programs can live with. */
  strict: {
    profile: 'strict',
    seccomp: { kind: 'list', name: 'strict' },
    foreignCalls: 'refused',
    landlock: true,
    userNamespaces: 'refused',
    session: 'own',
    capabilities: { add: [], drop: ['CAP_NET_BIND_SERVICE', 'CAP_SETFCAP', 'CAP_SETPCAP', 'CAP_SYS_CHROOT'] },
  },
};

/** The network that a sandbox has unless it is said. With `host`, as with podman, programs find the network they know. */
export const NETWORK_BY_PROFILE: Readonly<Record<BuiltInProfile, Spec['network']>> = { dev: 'host', strict: 'none' };
