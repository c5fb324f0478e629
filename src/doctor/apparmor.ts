import type { Finding } from './finding.ts';
import { type Probe, readNumber } from './probe.ts';

/** The profile's name, which is also its file's below /etc/apparmor.d. */
const PROFILE = 'sandbox';
export const APPARMOR_FILE = `/etc/apparmor.d/${PROFILE}`;
const RESTRICTION = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';

/** A path in a profile is a pattern: its special characters are escaped, and it is quoted for spaces (apparmor.d(5)). */
function quotedPattern(path: string): string {
  return `"${path.replace(/[\\*?[\]{}^,@"]/g, '\\$&')}"`;
}

/**
 * Takes the path of the executable and gives the profile that lets it make user namespaces, in the form that Ubuntu
 * ships for browsers (apparmor.d(5), "flags", "userns rules").
 *
 * The launcher is executed from a memfd, which has no path to attach a profile to. It needs none: on exec from a profile
 * in unconfined mode the kernel looks for another profile that attaches to the file, and when there is none, or the
 * file's name cannot be told, keeps the label (profile_transition() in security/apparmor/domain.c). So the launcher
 * inherits this profile from the executable. A program in the sandbox whose own path a profile of the host attaches to
 * (/usr/bin/man) changes to that one, as it does on the host. A launcher written to a file and started by itself is
 * attached by its own path, and needs a profile of its own.
 */
export function appArmorProfile(executable: string): string {
  return `# Lets sandbox make user namespaces; it is not confined in any other way.
abi <abi/4.0>,
include <tunables/global>

profile ${PROFILE} ${quotedPattern(executable)} flags=(unconfined) {
  userns,

  include if exists <local/${PROFILE}>
}
`;
}

function currentLabel(probe: Probe): string | undefined {
  const text = probe.read('/proc/self/attr/apparmor/current') ?? probe.read('/proc/self/attr/current');
  return text?.replaceAll('\0', '').trim();
}

/** Whether AppArmor takes user namespaces from programs without a profile: Ubuntu 23.10 and later. */
export function appArmorRestricts(probe: Probe): boolean {
  if (readNumber(probe, RESTRICTION) !== 1) return false;
  // Label and mode: 'sandbox (unconfined)'. 'unconfined' alone has no profile.
  const label = currentLabel(probe);
  return label === undefined || label === 'unconfined';
}

/** The remedy, with what is special when a profile of this name is there already. */
export function checkAppArmor(probe: Probe): Finding[] {
  const restriction = readNumber(probe, RESTRICTION);
  if (restriction === undefined) return [];
  const common = { id: 'apparmor', title: 'AppArmor' };
  if (restriction !== 1) return [{ ...common, state: 'ok', detail: 'does not restrict user namespaces' }];
  if (!appArmorRestricts(probe)) {
    return [
      {
        ...common,
        state: 'ok',
        detail: `restricts user namespaces; this program has the profile ${currentLabel(probe)}`,
      },
    ];
  }
  const content = appArmorProfile(probe.executable);
  const installed = probe.read(APPARMOR_FILE);
  const why =
    installed === undefined
      ? 'programs without a profile get no user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)'
      : installed.includes(quotedPattern(probe.executable))
        ? `the profile ${APPARMOR_FILE} is installed but not in force for this process`
        : `the profile ${APPARMOR_FILE} is for another path than ${probe.executable}`;
  const load = `sudo apparmor_parser --replace ${APPARMOR_FILE}`;
  const loadOnly = installed?.includes(quotedPattern(probe.executable)) ?? false;
  return [
    {
      ...common,
      state: 'error',
      detail: `${why}. Whoever can write ${probe.executable} can make user namespaces then: on a machine with several users, install it in /usr/local/bin first`,
      remedy: loadOnly ? load : `sudo tee ${APPARMOR_FILE} <<'EOF'\n${content}EOF\n${load}`,
      file: { path: APPARMOR_FILE, content },
    },
  ];
}
