import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { syscallNumber, syscallTable } from '../../../src/linux/syscall-numbers.ts';
import { type FilterRules, systemCallFilter } from '../../../src/plan/seccomp/filter.ts';
import { verdict } from '../bpf.ts';

// The numbers of the kernel's headers, written out: linux/audit.h, linux/seccomp.h, linux/sched.h, linux/stat.h.
const AUDIT = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const EINVAL = 0x00050016;
const ENOSYS = 0x00050026;

/** What the profile promises; docs/isolation.md. */
const REFUSED = `
  mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr chroot setns ptrace
  process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp bpf perf_event_open userfaultfd io_uring_setup
  io_uring_enter io_uring_register vmsplice memfd_secret open_by_handle_at name_to_handle_at fanotify_init fanotify_mark
  kexec_load kexec_file_load init_module finit_module delete_module quotactl swapon swapoff acct reboot syslog vhangup
  settimeofday clock_settime adjtimex clock_adjtime mbind set_mempolicy migrate_pages move_pages lookup_dcookie
  remap_file_pages`;
const REFUSED_ON_X86 = 'iopl ioperm modify_ldt sysfs ustat uselib';
const MISSING = 'clone3 add_key request_key keyctl';
/** What programs cannot do without. */
const ALLOWED = `
  read write openat close mmap mprotect munmap brk execve execveat exit exit_group wait4 waitid kill tgkill futex
  rt_sigaction rt_sigprocmask epoll_create1 epoll_ctl epoll_pwait eventfd2 timerfd_create signalfd4 pipe2 dup3 fcntl
  getdents64 newfstatat statx faccessat2 openat2 renameat2 linkat unlinkat mkdirat symlinkat readlinkat fchmodat
  fchownat utimensat setuid setgid setgroups setresuid capset prctl seccomp landlock_create_ruleset memfd_create
  copy_file_range splice sendfile inotify_init1 inotify_add_watch getrandom membarrier rseq pidfd_open
  pidfd_send_signal sched_setaffinity prlimit64 connect bind listen accept4 sendmsg recvmsg setsockopt shmget msgget
  semget mq_open close_range set_robust_list clock_nanosleep io_setup`;

const list = (text: string): string[] => text.trim().split(/\s+/);

for (const arch of ['x86_64', 'aarch64'] as const) {
  const rules: FilterRules = {
    choice: { kind: 'list', name: 'strict' },
    foreignCalls: 'refused',
    capabilities: [],
    guardTerminal: false,
    emulateRoot: false,
  };
  const filter = systemCallFilter(arch, rules);
  const ask = (name: string, ...given: ReadonlyArray<number | bigint>): number => {
    const all = Array.from({ length: 6 }, (_, index) => BigInt(given[index] ?? 0));
    return verdict(filter, { number: syscallNumber(arch, name), arch: AUDIT[arch], arguments: all });
  };

  describe(`the strict list on ${arch}`, () => {
    test('refuses what is known and not wanted with EPERM, also to all capabilities', () => {
      const all = systemCallFilter(arch, {
        ...rules,
        capabilities: ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT', 'CAP_SYS_TIME'],
      });
      for (const name of list(`${REFUSED} ${arch === 'x86_64' ? REFUSED_ON_X86 : ''}`)) {
        assert.equal(ask(name), EPERM, name);
        const data = { number: syscallNumber(arch, name), arch: AUDIT[arch], arguments: [0n, 0n, 0n, 0n, 0n, 0n] };
        assert.equal(verdict(all, data), EPERM, name);
      }
      for (const name of list(MISSING)) assert.equal(ask(name), ENOSYS, name);
    });

    test('allows what programs live on', () => {
      for (const name of list(ALLOWED)) assert.equal(ask(name), ALLOW, name);
    });

    test('what is allowed there is allowed in the dev list too', () => {
      const dev = systemCallFilter(arch, { ...rules, choice: { kind: 'list', name: 'dev' } });
      for (let number = 0; number < 1024; number++) {
        const data = { number, arch: AUDIT[arch], arguments: [1n, 1n, 0n, 0n, 0n, 0n] };
        if (verdict(filter, data) === ALLOW) assert.equal(verdict(dev, data), ALLOW, String(number));
      }
    });

    test('no new namespaces, by clone or unshare, but threads and processes', () => {
      const namespaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
      for (const flag of namespaces) {
        assert.equal(ask('clone', flag | 17), EPERM);
        assert.equal(ask('clone', BigInt(flag) | (1n << 40n)), EPERM);
        assert.equal(ask('unshare', flag), EPERM);
      }
      assert.equal(ask('unshare', 0x80), EPERM, 'CLONE_NEWTIME');
      assert.equal(ask('clone', 0x1200011), ALLOW, 'fork');
      assert.equal(ask('clone', 0x3d0f00), ALLOW, 'a thread');
      assert.equal(ask('clone', 0x4111), ALLOW, 'vfork');
      assert.equal(ask('unshare', 0x600), ALLOW, 'CLONE_FS | CLONE_FILES');
    });

    test('sockets: Unix, TCP, UDP, ping, and questions about the network', () => {
      const [NONBLOCK, CLOEXEC] = [0o4000, 0o2000000];
      const allowed: ReadonlyArray<readonly [number, number, number]> = [
        [1, 1, 0],
        [1, 5, 0],
        [1, 2 | CLOEXEC, 0],
        [2, 1, 0],
        [2, 1 | NONBLOCK | CLOEXEC, 6],
        [10, 1, 6],
        [2, 2, 17],
        [10, 2, 0],
        [2, 2, 1],
        [10, 2, 58],
        [16, 3, 0],
        [16, 2 | CLOEXEC, 0],
      ];
      for (const each of allowed) assert.equal(ask('socket', ...each), ALLOW, each.join());
      // A family is an int: what is above does not count, here and in the kernel.
      assert.equal(ask('socket', (7n << 32n) | 2n, 1, 0), ALLOW);
      const refused: ReadonlyArray<readonly [number, number, number]> = [
        [2, 3, 1],
        [2, 3 | CLOEXEC, 255],
        [10, 3, 58],
        [2, 10, 3],
        [2, 5, 132],
        [2, 1, 132],
        [2, 1, 262],
        [2, 2, 136],
        [16, 3, 4],
        [16, 3, 12],
        [16, 3, 15],
        [17, 3, 3],
        [29, 3, 1],
        [31, 1, 3],
        [38, 5, 0],
        [40, 1, 0],
        [44, 3, 0],
      ];
      for (const each of refused) assert.equal(ask('socket', ...each), EPERM, each.join());
      for (let family = 0; family < 64; family++) {
        if (![1, 2, 10, 16].includes(family)) assert.equal(ask('socket', family, 1, 0), EPERM, String(family));
        if (family !== 1) assert.equal(ask('socketpair', family, 1, 0), EPERM, String(family));
      }
      assert.equal(ask('socket', (1n << 32n) | 40n, 1, 0), EPERM);
      // Programs that tell the audit system of users go on where there is none: containers-common does the same.
      assert.equal(ask('socket', 16, 3, 9), EINVAL);
      assert.equal(ask('socketpair', 1, 1, 0), ALLOW);
    });

    test('no device files, but pipes and plain files', () => {
      for (const mode of [0o020666, 0o060600]) assert.equal(ask('mknodat', 0, 0, mode), EPERM);
      for (const mode of [0o010666, 0o100644, 0o644, 0o140755]) assert.equal(ask('mknodat', 0, 0, mode), ALLOW);
      if (arch === 'x86_64') assert.equal(ask('mknod', 0, 0o020666), EPERM);
    });

    test('nothing types into a terminal, and the layout of the address space stays random', () => {
      for (const request of [0x5412, 0x541c]) assert.equal(ask('ioctl', 0, request), EPERM);
      assert.equal(ask('ioctl', 0, 0x5413), ALLOW);
      for (const value of [0, 8, 0x20000, 0xffffffff]) assert.equal(ask('personality', value), ALLOW);
      for (const value of [0x40000, 0x400000, 0x100000]) assert.equal(ask('personality', value), EPERM);
    });

    test('what is newer than the list fails as on an older kernel', () => {
      for (let number = 452; number < 1024; number++) {
        const known = [...syscallTable(arch)].find(([, each]) => each === number)?.[0];
        const data = { number, arch: AUDIT[arch], arguments: [0n, 0n, 0n, 0n, 0n, 0n] };
        assert.equal(verdict(filter, data), known === 'open_tree_attr' ? EPERM : ENOSYS, String(number));
      }
    });
  });
}
