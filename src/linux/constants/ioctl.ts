/** Requests of ioctl(2) on terminals, ioctl_tty(2): include/uapi/asm-generic/ioctls.h. */
export const TERMINAL_IOCTL = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d,
  TIOCSCTTY: 0x540e,
  TIOCGPGRP: 0x540f,
  TIOCSPGRP: 0x5410,
  TIOCSTI: 0x5412,
  TIOCGWINSZ: 0x5413,
  TIOCSWINSZ: 0x5414,
  TIOCLINUX: 0x541c,
  TIOCCONS: 0x541d,
  TIOCNOTTY: 0x5422,
  TIOCGSID: 0x5429,
  TIOCGPTN: 0x80045430,
  TIOCSPTLCK: 0x40045431,
  TIOCGPTPEER: 0x5441,
} as const;

/** Flags in struct termios: include/uapi/asm-generic/termbits.h. */
export const TERMIOS = {
  BRKINT: 0o2,
  PARMRK: 0o10,
  INPCK: 0o20,
  ISTRIP: 0o40,
  INLCR: 0o100,
  IGNCR: 0o200,
  ICRNL: 0o400,
  IXON: 0o2000,
  OPOST: 0o1,
  CSIZE: 0o60,
  CS8: 0o60,
  PARENB: 0o400,
  ISIG: 0o1,
  ICANON: 0o2,
  ECHO: 0o10,
  ECHONL: 0o100,
  IEXTEN: 0o100000,
} as const;

/** Requests on network interfaces and their flags, netdevice(7): include/uapi/linux/sockios.h, if.h. */
export const INTERFACE = {
  SIOCGIFFLAGS: 0x8913,
  SIOCSIFFLAGS: 0x8914,
  SIOCSIFADDR: 0x8916,
  SIOCSIFNETMASK: 0x891c,
  IFF_UP: 0x1,
  IFF_LOOPBACK: 0x8,
  IFF_RUNNING: 0x40,
} as const;

/** Arguments of socket(2): include/linux/socket.h. */
export const SOCKET = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_CLOEXEC: 0o2000000,
  SOCK_NONBLOCK: 0o4000,
} as const;
