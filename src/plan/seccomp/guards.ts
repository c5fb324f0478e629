import { TERMINAL_IOCTL } from '../../linux/constants/ioctl.ts';
import { int, MISSING, PRETEND, REFUSE, rule } from './actions.ts';
import type { SeccompRule } from './profile.ts';

/** What holds with every list and profile, and without one. */
export interface Guards {
  /**
   * The command shares the user's terminal: TIOCSTI would type into it, TIOCLINUX paste into a console
   * (CVE-2017-5226). Both are refused, for 32-bit programs too.
   */
  readonly guardTerminal: boolean;
  /** Root with a single id: changing owners and identities succeeds without effect, so that package managers work. */
  readonly emulateRoot: boolean;
}

/** Calls that change owners or identities: with one mapped id they cannot do what they are asked. */
const EMULATED = `
  chown lchown fchown fchownat setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups
  chown32 lchown32 fchown32 setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32
  setgroups32`;

/** ioctl(2) takes its request as an `unsigned int`. */
export function typingRules(): SeccompRule[] {
  return [
    rule(REFUSE, 'ioctl', [int(1, TERMINAL_IOCTL.TIOCSTI)]),
    rule(REFUSE, 'ioctl', [int(1, TERMINAL_IOCTL.TIOCLINUX)]),
  ];
}

/** Gives the rules that come before all others. */
export function guardRules({ guardTerminal, emulateRoot }: Guards): SeccompRule[] {
  return [
    // Keyrings belong to no namespace: the keys of the login session (Kerberos tickets, for one) are not the sandbox's.
    rule(MISSING, 'add_key request_key keyctl'),
    ...(guardTerminal ? typingRules() : []),
    ...(emulateRoot ? [rule(PRETEND, EMULATED)] : []),
  ];
}
