import { SOCKET } from '../../../linux/constants/ioctl.ts';
import { CLONE } from '../../../linux/constants/process.ts';
import { ALLOW, INVALID, int, MISSING, REFUSE, rule } from '../actions.ts';
import { typingRules } from '../guards.ts';
import type { SeccompRule } from '../profile.ts';
import { PERSONALITIES } from './dev.ts';

/** Refused in `strict` whatever the capabilities, by what they would be used for. */
const REFUSED = `
  mount umount umount2 pivot_root move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick mount_setattr
  chroot setns
  ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp
  bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register vmsplice memfd_secret
  open_by_handle_at name_to_handle_at fanotify_init fanotify_mark
  kexec_load kexec_file_load init_module finit_module delete_module create_module query_module get_kernel_syms
  quotactl quotactl_fd swapon swapoff acct reboot syslog vhangup sethostname setdomainname nfsservctl
  settimeofday stime clock_settime clock_settime64 adjtimex clock_adjtime clock_adjtime64
  iopl ioperm modify_ldt vm86 vm86old uretprobe uprobe
  mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages
  lookup_dcookie remap_file_pages sysfs ustat uselib _sysctl epoll_ctl_old epoll_wait_old socketcall`;

/** Namespaces in clone(2) and unshare(2); clone takes the bit of CLONE_NEWTIME for its signal. */
const NAMESPACES =
  CLONE.CLONE_NEWNS +
  CLONE.CLONE_NEWCGROUP +
  CLONE.CLONE_NEWUTS +
  CLONE.CLONE_NEWIPC +
  CLONE.CLONE_NEWUSER +
  CLONE.CLONE_NEWPID +
  CLONE.CLONE_NEWNET;

/** Type of a file in the mode of mknod(2): include/uapi/linux/stat.h. */
const FILE_TYPE = { S_IFMT: 0o170000, S_IFCHR: 0o020000, S_IFBLK: 0o060000 } as const;

/** Protocols of sockets: include/uapi/linux/in.h, in6.h, netlink.h. */
const PROTOCOL = {
  IPPROTO_IP: 0,
  IPPROTO_ICMP: 1,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  IPPROTO_ICMPV6: 58,
  NETLINK_ROUTE: 0,
  NETLINK_AUDIT: 9,
} as const;
/** SOCK_TYPE_MASK: include/linux/net.h. Above it are SOCK_NONBLOCK and SOCK_CLOEXEC. */
const SOCKET_TYPE = 0xf;

/**
 * Gives what `strict` refuses beyond the `dev` list. Much of it takes capabilities that nobody has inside: it is refused
 * all the same, before the kernel's code for it runs.
 */
export function strictRules(): SeccompRule[] {
  return [
    rule(REFUSE, REFUSED),
    ...typingRules(),
    ...PERSONALITIES.map((value) => rule(ALLOW, 'personality', [int(0, value)])),
    rule(REFUSE, 'personality'),
    // A filter cannot read clone3's structure. The C library takes clone where there is no clone3.
    rule(MISSING, 'clone3'),
    rule(ALLOW, 'clone', [int(0, 0, NAMESPACES)]),
    rule(ALLOW, 'unshare', [int(0, 0, NAMESPACES + CLONE.CLONE_NEWTIME)]),
    rule(REFUSE, 'clone unshare'),
    ...[FILE_TYPE.S_IFCHR, FILE_TYPE.S_IFBLK].flatMap((type) => [
      rule(REFUSE, 'mknod', [int(1, type, FILE_TYPE.S_IFMT)]),
      rule(REFUSE, 'mknodat', [int(2, type, FILE_TYPE.S_IFMT)]),
    ]),
    ...socketRules(),
  ];
}

/** Unix sockets, TCP and UDP, asking about the network, and ping as everybody may. No raw sockets, no other families. */
function socketRules(): SeccompRule[] {
  const { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, SOCK_STREAM, SOCK_DGRAM } = SOCKET;
  const internet = (family: number, type: number, protocol: number) =>
    rule(ALLOW, 'socket', [int(0, family), int(1, type, SOCKET_TYPE), int(2, protocol)]);
  const both = [AF_INET, AF_INET6];
  return [
    rule(ALLOW, 'socket socketpair', [int(0, AF_UNIX)]),
    ...both.flatMap((family) => [
      internet(family, SOCK_STREAM, PROTOCOL.IPPROTO_IP),
      internet(family, SOCK_STREAM, PROTOCOL.IPPROTO_TCP),
      internet(family, SOCK_DGRAM, PROTOCOL.IPPROTO_IP),
      internet(family, SOCK_DGRAM, PROTOCOL.IPPROTO_UDP),
    ]),
    internet(AF_INET, SOCK_DGRAM, PROTOCOL.IPPROTO_ICMP),
    internet(AF_INET6, SOCK_DGRAM, PROTOCOL.IPPROTO_ICMPV6),
    rule(ALLOW, 'socket', [int(0, AF_NETLINK), int(2, PROTOCOL.NETLINK_ROUTE)]),
    // See auditSockets in dev.ts.
    rule(INVALID, 'socket', [int(0, AF_NETLINK), int(2, PROTOCOL.NETLINK_AUDIT)]),
    rule(REFUSE, 'socket socketpair'),
  ];
}
