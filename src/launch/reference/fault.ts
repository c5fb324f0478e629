export type ProgramFaultCode = 'bad-address' | 'read-only' | 'ran-off-the-end' | 'step-limit';

/** Where a program would be killed on a real machine, or would never end. */
export class ProgramFault extends Error {
  override readonly name = 'ProgramFault';
  readonly code: ProgramFaultCode;

  constructor(code: ProgramFaultCode, message: string) {
    super(message);
    this.code = code;
  }
}
