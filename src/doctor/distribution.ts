import type { Probe } from './probe.ts';

/** Families of distributions by how software is installed. */
export type Family = 'debian' | 'fedora' | 'arch' | 'suse' | 'alpine' | 'other';

const FAMILY: Readonly<Record<string, Family>> = {
  debian: 'debian',
  ubuntu: 'debian',
  fedora: 'fedora',
  rhel: 'fedora',
  centos: 'fedora',
  amzn: 'fedora',
  arch: 'arch',
  archlinux: 'arch',
  suse: 'suse',
  opensuse: 'suse',
  alpine: 'alpine',
};

/** Takes the text of /etc/os-release (os-release(5)) and gives the family: by ID, else by the first known of ID_LIKE. */
export function parseFamily(osRelease: string): Family {
  const values = new Map<string, string>();
  for (const line of osRelease.split('\n')) {
    const match = /^(ID|ID_LIKE)=["']?([^"']*)["']?$/.exec(line.trim());
    if (match?.[1] && match[2] !== undefined) values.set(match[1], match[2]);
  }
  const ids = [values.get('ID') ?? '', ...(values.get('ID_LIKE') ?? '').split(' ')];
  for (const id of ids) {
    const family = FAMILY[id] ?? (id.startsWith('opensuse') ? 'suse' : undefined);
    if (family !== undefined) return family;
  }
  return 'other';
}

/** Gives the family of the host's distribution. */
export function familyOf(probe: Probe): Family {
  return parseFamily(probe.read('/etc/os-release') ?? probe.read('/usr/lib/os-release') ?? '');
}

const UIDMAP: Readonly<Record<Family, string>> = {
  debian: 'sudo apt install uidmap',
  fedora: 'sudo dnf install shadow-utils-subid',
  arch: 'sudo pacman -S shadow',
  suse: 'sudo zypper install shadow',
  alpine: 'sudo apk add shadow-uidmap',
  other: 'install the package with newuidmap and newgidmap (uidmap, shadow)',
};

/** Gives the command that installs newuidmap and newgidmap. */
export function installUidmap(family: Family): string {
  return UIDMAP[family];
}
