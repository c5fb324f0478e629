import { TERMINAL_IOCTL } from '../linux/constants/ioctl.ts';
import { CLONE, PRCTL } from '../linux/constants/process.ts';
import { flagNames } from '../linux/flags.ts';
import { addressText, readAddress } from './address.ts';
import type { AuditRecord } from './log.ts';

/** Address families of socket(2): include/linux/socket.h. */
const FAMILIES: Readonly<Record<number, string>> = {
  1: 'AF_UNIX',
  2: 'AF_INET',
  3: 'AF_AX25',
  4: 'AF_IPX',
  5: 'AF_APPLETALK',
  9: 'AF_X25',
  10: 'AF_INET6',
  15: 'AF_KEY',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
  21: 'AF_RDS',
  24: 'AF_PPPOX',
  29: 'AF_CAN',
  30: 'AF_TIPC',
  31: 'AF_BLUETOOTH',
  38: 'AF_ALG',
  40: 'AF_VSOCK',
  44: 'AF_XDP',
};
const TYPES: Readonly<Record<number, string>> = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  5: 'SOCK_SEQPACKET',
};
const TYPE_MASK = 0xf;
/** Commands of bpf(2), requests of ptrace(2) and operations of keyctl(2), the first of each. */
const BPF = [
  'BPF_MAP_CREATE',
  'BPF_MAP_LOOKUP_ELEM',
  'BPF_MAP_UPDATE_ELEM',
  'BPF_MAP_DELETE_ELEM',
  'BPF_MAP_GET_NEXT_KEY',
  'BPF_PROG_LOAD',
];
const PTRACE: Readonly<Record<number, string>> = {
  0: 'PTRACE_TRACEME',
  1: 'PTRACE_PEEKTEXT',
  4: 'PTRACE_POKETEXT',
  16: 'PTRACE_ATTACH',
  16902: 'PTRACE_SEIZE',
};
const KEYCTL = ['KEYCTL_GET_KEYRING_ID', 'KEYCTL_JOIN_SESSION_KEYRING', 'KEYCTL_UPDATE', 'KEYCTL_REVOKE'];

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const word = (value: bigint | undefined): number => Number(BigInt.asUintN(32, value ?? 0n));

function nameIn(table: Readonly<Record<string, number>>, prefix: string, value: number): string | undefined {
  return Object.entries(table).find(([name, each]) => name.startsWith(prefix) && each === value)?.[0];
}

/**
 * Says what a call was asked to do, as far as its arguments tell by themselves: `AF_VSOCK, SOCK_STREAM`, `CLONE_NEWUSER`, a
 * path, an address. An empty text where they do not. Paths and names are the command's own: not printable as they are.
 */
export function describeArguments({ name, arguments: values, about }: AuditRecord): string {
  if (about.kind === 'path') return about.path;
  if (about.kind === 'address') {
    const address = readAddress(about.bytes);
    return address === undefined ? '' : addressText(address);
  }
  const [first, second] = [word(values[0]), word(values[1])];
  switch (name) {
    case 'socket':
    case 'socketpair':
      return `${FAMILIES[first] ?? `family ${first}`}, ${TYPES[second & TYPE_MASK] ?? `type ${second & TYPE_MASK}`}`;
    case 'clone':
      // The low byte is the signal at its end.
      return flagNames(CLONE, BigInt.asUintN(32, values[0] ?? 0n) & ~0xffn);
    case 'unshare':
      return flagNames(CLONE, first);
    case 'setns':
      return second === 0 ? '' : flagNames(CLONE, second);
    case 'ioctl':
      return nameIn(TERMINAL_IOCTL, '', second) ?? hex(BigInt(second));
    case 'prctl':
      return nameIn(PRCTL, 'PR_', first) ?? String(first);
    case 'bpf':
      return BPF[first] ?? String(first);
    case 'ptrace':
      return PTRACE[first] ?? String(first);
    case 'keyctl':
      return KEYCTL[first] ?? String(first);
    case 'personality':
      return hex(BigInt(first));
    case 'process_vm_readv':
    case 'process_vm_writev':
    case 'pidfd_open':
      return `process ${first}`;
    default:
      return '';
  }
}
