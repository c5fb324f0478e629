import { encodeBytes } from '../../linux/bytes.ts';
import { INTERFACE, SOCKET } from '../../linux/constants/ioctl.ts';
import { flags } from '../argument.ts';
import type { SetupOp } from '../operations.ts';
import { close, type Lowering } from './context.ts';

export function hostname({ builder }: Lowering, { name }: Extract<SetupOp, { op: 'hostname' }>): void {
  const bytes = encodeBytes(name);
  builder.syscall('sethostname', [builder.bytes(bytes, JSON.stringify(name)), bytes.length]);
}

/** Size of struct ifreq, and where its union with the flags starts; netdevice(7). */
const IFREQ = { size: 40, flags: 16 } as const;

export function loopbackUp({ builder }: Lowering): void {
  const socket = builder.scratch('socket');
  const request = Buffer.alloc(IFREQ.size);
  request.write('lo', 0);
  request.writeUInt16LE(INTERFACE.IFF_UP | INTERFACE.IFF_LOOPBACK | INTERFACE.IFF_RUNNING, IFREQ.flags);
  builder.syscall('socket', [flags(SOCKET, 'AF_INET'), flags(SOCKET, 'SOCK_DGRAM', 'SOCK_CLOEXEC'), 0], {
    result: socket,
  });
  builder.syscall('ioctl', [
    socket,
    flags(INTERFACE, 'SIOCSIFFLAGS'),
    builder.bytes(request, '{lo, IFF_UP|IFF_LOOPBACK|IFF_RUNNING}'),
  ]);
  close(builder, socket);
}
