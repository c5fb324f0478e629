/** A mistake in a program written for one of the assemblers: always ours, never the user's. */
export class AssemblerError extends Error {
  override readonly name = 'AssemblerError';
}

/** One assembled instruction, as a disassembler would print it. */
export interface ListedInstruction {
  readonly address: number;
  readonly bytes: Buffer;
  readonly mnemonic: string;
  /** In objdump's notation (Intel's on x86_64), addresses in hexadecimal. */
  readonly operands: string;
}

/** Machine code, where its labels came to lie, and its instructions in order. */
export interface AssembledCode<Label extends string> {
  readonly code: Buffer;
  readonly addresses: ReadonlyMap<Label, number>;
  readonly listing: readonly ListedInstruction[];
}

/** What an instruction becomes at its final address. */
export interface Encoded {
  readonly bytes: Buffer;
  readonly mnemonic: string;
  readonly operands: string;
}

/** Gives an instruction's bytes at an address. `target` gives a label's address, or undefined in the first pass. */
type Encoder<Label extends string> = (address: number, target: (label: Label) => number | undefined) => Encoded;

type Item<Label extends string> =
  | { readonly kind: 'label'; readonly label: Label }
  | { readonly kind: 'instruction'; readonly encode: Encoder<Label> };

/** What both architectures share: a list of instructions and labels, and the passes that settle the addresses. */
export abstract class Assembler<Label extends string> {
  readonly #items: Item<Label>[] = [];
  readonly #placed = new Set<Label>();

  /** Names the address of the next instruction. */
  label(label: Label): void {
    if (this.#placed.has(label)) throw new AssemblerError(`label '${label}' is placed twice`);
    this.#placed.add(label);
    this.#items.push({ kind: 'label', label });
  }

  protected emit(encode: Encoder<Label>): void {
    this.#items.push({ kind: 'instruction', encode });
  }

  /**
   * Gives the code as it must be loaded at the address `origin`. Throws an AssemblerError when a jump's label was never
   * placed or lies out of reach.
   *
   * Jumps start in their short form; one that does not reach its label grows, and stays so. Growing is all that moves
   * anything, so the passes end, and in the last one every address is the one that the jumps were encoded for.
   */
  assemble(origin: number): AssembledCode<Label> {
    let addresses = new Map<Label, number>();
    for (;;) {
      const pass = this.#pass(origin, addresses);
      const settled = [...pass.addresses].every(([label, address]) => addresses.get(label) === address);
      if (settled) return pass;
      addresses = pass.addresses;
    }
  }

  #pass(origin: number, known: ReadonlyMap<Label, number>) {
    const addresses = new Map<Label, number>();
    const listing: ListedInstruction[] = [];
    let address = origin;
    const target = (label: Label): number | undefined => {
      if (!this.#placed.has(label)) throw new AssemblerError(`label '${label}' is used, but never placed`);
      return known.get(label);
    };
    for (const item of this.#items) {
      if (item.kind === 'label') {
        addresses.set(item.label, address);
        continue;
      }
      const encoded = item.encode(address, target);
      listing.push({ address, ...encoded });
      address += encoded.bytes.length;
    }
    return { code: Buffer.concat(listing.map((line) => line.bytes)), addresses, listing };
  }
}

/** Gives a listing as text: address, bytes, instruction, with the labels on lines of their own. */
export function formatListing(assembled: AssembledCode<string>): string {
  const labels = [...assembled.addresses];
  return assembled.listing
    .map(({ address, bytes, mnemonic, operands }) => {
      const here = labels.filter(([, labelled]) => labelled === address).map(([label]) => `${label}:\n`);
      const column = bytes.toString('hex').padEnd(20);
      return `${here.join('')}  ${address.toString(16)}  ${column}${mnemonic.padEnd(8)}${operands}`.trimEnd();
    })
    .join('\n');
}
