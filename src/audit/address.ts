import { isIPv6, SocketAddress } from 'node:net';
import { decodeBytes } from '../linux/bytes.ts';

/** Where a socket was to lead: struct sockaddr of ip(7), ipv6(7), unix(7). */
export type Address =
  | { readonly family: 'ipv4' | 'ipv6'; readonly address: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: string }
  /** Name without the NUL before it. */
  | { readonly family: 'abstract'; readonly name: string }
  /** Of another family, by its number. */
  | { readonly family: 'other'; readonly number: number };

const AF_UNSPEC = 0;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** Reads a socket address; undefined where it says nothing, or less than its family needs. */
export function readAddress(bytes: Buffer): Address | undefined {
  if (bytes.length < 2) return undefined;
  const number = bytes.readUInt16LE(0);
  if (number === AF_UNSPEC) return undefined;
  if (number === AF_INET) {
    if (bytes.length < 8) return undefined;
    return { family: 'ipv4', address: [...bytes.subarray(4, 8)].join('.'), port: bytes.readUInt16BE(2) };
  }
  if (number === AF_INET6) {
    if (bytes.length < 24) return undefined;
    const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + index * 2).toString(16));
    const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
    return { family: 'ipv6', address, port: bytes.readUInt16BE(2) };
  }
  if (number !== AF_UNIX) return { family: 'other', number };
  const name = bytes.subarray(2);
  if (name.length === 0) return undefined;
  if (name[0] === 0) return { family: 'abstract', name: decodeBytes(name.subarray(1)) };
  const end = name.indexOf(0);
  return { family: 'unix', path: decodeBytes(end === -1 ? name : name.subarray(0, end)) };
}

/** Whether the machine itself is meant: 127.0.0.0/8, ::1, or any address of it. */
export function isLocal(address: Address): boolean {
  if (address.family === 'ipv4') return address.address.startsWith('127.') || address.address === '0.0.0.0';
  if (address.family !== 'ipv6') return true;
  return address.address === '::1' || address.address === '::' || address.address.startsWith('::ffff:127.');
}

/** `192.0.2.1:443`, `[::1]:80`, a path, `@name`. */
export function addressText(address: Address): string {
  switch (address.family) {
    case 'ipv4':
    case 'ipv6':
      return `${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`;
    case 'unix':
      return address.path;
    case 'abstract':
      return `@${address.name}`;
    case 'other':
      return `address family ${address.number}`;
  }
}
