import { coloursOf } from './colour.ts';
import { errorText } from './errors.ts';
import { isOutputClosed, printError } from './output.ts';

/** Takes anything thrown and tells it on standard error; an output that was closed is passed on, as nothing went wrong. */
export function reportFailure(error: unknown): void {
  if (isOutputClosed(error)) throw error;
  printError(errorText(error, coloursOf(2)));
}
