/*
 * As much of the D-Bus wire format as calls to systemd take: little-endian, aligned; D-Bus Specification, "Marshaling" and
 * "Message Format".
 */

/** A value with its type. */
export type Value =
  | { readonly type: 's' | 'o' | 'g'; readonly value: string }
  | { readonly type: 'u'; readonly value: number }
  | { readonly type: 'b'; readonly value: boolean }
  | { readonly type: 'au'; readonly value: readonly number[] }
  /** `a(sv)`, properties of a unit. */
  | { readonly type: 'a(sv)'; readonly value: ReadonlyArray<readonly [name: string, value: Value]> }
  /** `a(sa(sv))`: units that come along; always none. */
  | { readonly type: 'a(sa(sv))' };

class Writer {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  align(to: number): void {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
  }

  byte(...values: number[]): void {
    this.#bytes.push(...values);
  }

  u32(value: number): void {
    this.align(4);
    this.byte(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
  }

  string(text: string): void {
    const bytes = Buffer.from(text);
    this.u32(bytes.length);
    this.byte(...bytes, 0);
  }

  signature(text: string): void {
    this.byte(text.length, ...Buffer.from(text), 0);
  }

  /** An array: its size in bytes does not count the padding before its first element. */
  array(alignment: number, write: () => void): void {
    this.u32(0);
    const size = this.length - 4;
    this.align(alignment);
    const start = this.length;
    write();
    const length = this.length - start;
    for (let index = 0; index < 4; index++) this.#bytes[size + index] = (length >>> (8 * index)) & 0xff;
  }

  value(value: Value): void {
    if (value.type === 's' || value.type === 'o') this.string(value.value);
    else if (value.type === 'g') this.signature(value.value);
    else if (value.type === 'u') this.u32(value.value);
    else if (value.type === 'b') this.u32(value.value ? 1 : 0);
    else if (value.type === 'au') {
      this.array(4, () => {
        for (const number of value.value) this.u32(number);
      });
    } else if (value.type === 'a(sv)') {
      this.array(8, () => {
        for (const property of value.value) this.property(property);
      });
    } else this.array(8, () => {});
  }

  property([name, value]: readonly [name: string, value: Value]): void {
    this.align(8);
    this.string(name);
    this.signature(value.type);
    this.value(value);
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** A method call. */
export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly Value[];
}

/** Numbers of header fields. */
const FIELD = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 } as const;

/** Gives the bytes of a call. `serial`: not 0. */
export function encodeCall(call: Call, serial: number): Buffer {
  const body = new Writer();
  for (const value of call.body) body.value(value);
  const header = new Writer();
  header.byte('l'.charCodeAt(0), 1, 0, 1);
  header.u32(body.length);
  header.u32(serial);
  header.array(8, () => {
    const fields: ReadonlyArray<readonly [number, Value]> = [
      [FIELD.path, { type: 'o', value: call.path }],
      [FIELD.destination, { type: 's', value: call.destination }],
      [FIELD.interface, { type: 's', value: call.interface }],
      [FIELD.member, { type: 's', value: call.member }],
      [FIELD.signature, { type: 'g', value: call.body.map(({ type }) => type).join('') }],
    ];
    for (const [number, value] of fields) {
      if (number === FIELD.signature && call.body.length === 0) continue;
      header.align(8);
      header.byte(number);
      header.signature(value.type);
      header.value(value);
    }
  });
  header.align(8);
  return Buffer.concat([header.bytes(), body.bytes()]);
}

/** What came back. Signals and calls to us are 'other'. */
export type Reply =
  | { readonly kind: 'return'; readonly serial: number }
  | { readonly kind: 'error'; readonly serial: number; readonly name: string; readonly message: string }
  | { readonly kind: 'other' };

const FIXED = 16;
const RETURN = 2;
const ERROR = 3;

/** Takes what was received and gives the first message and its size; undefined while it is not there in full. */
export function decodeReply(bytes: Buffer): { readonly reply: Reply; readonly size: number } | undefined {
  if (bytes.length < FIXED) return undefined;
  const fieldsSize = bytes.readUInt32LE(12);
  const bodyStart = Math.ceil((FIXED + fieldsSize) / 8) * 8;
  const size = bodyStart + bytes.readUInt32LE(4);
  if (bytes.length < size) return undefined;
  const kind = bytes[1];
  if (bytes[0] !== 'l'.charCodeAt(0) || (kind !== RETURN && kind !== ERROR)) return { reply: { kind: 'other' }, size };
  const fields = readFields(bytes.subarray(0, FIXED + fieldsSize));
  const serial = Number(fields.get(FIELD.replySerial) ?? 0);
  if (kind === RETURN) return { reply: { kind: 'return', serial }, size };
  const hasText = String(fields.get(FIELD.signature) ?? '').startsWith('s');
  const message = hasText ? readString(bytes.subarray(0, size), bodyStart) : '';
  return { reply: { kind: 'error', serial, name: String(fields.get(FIELD.errorName) ?? ''), message }, size };
}

function readString(bytes: Buffer, at: number): string {
  const length = bytes.readUInt32LE(at);
  return bytes.toString('utf8', at + 4, at + 4 + length);
}

/** Header fields are variants of a string, a signature or a number. */
function readFields(bytes: Buffer): Map<number, string | number> {
  const fields = new Map<number, string | number>();
  let at = FIXED;
  while (at + 4 < bytes.length) {
    const number = bytes[at] ?? 0;
    const type = bytes.toString('latin1', at + 2, at + 3);
    at += 4;
    if (type === 'g') {
      const length = bytes[at] ?? 0;
      fields.set(number, bytes.toString('latin1', at + 1, at + 1 + length));
      at += length + 2;
    } else {
      at = Math.ceil(at / 4) * 4;
      fields.set(number, type === 'u' ? bytes.readUInt32LE(at) : readString(bytes, at));
      at += type === 'u' ? 4 : 5 + bytes.readUInt32LE(at);
    }
    at = Math.ceil(at / 8) * 8;
  }
  return fields;
}
