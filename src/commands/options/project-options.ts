import { flag } from '../arguments/option.ts';

/** What commands share that make an environment of a project. */
export const projectOptions = {
  frozen: flag(['--frozen'], 'Refuse what is not in sandbox.lock (default where the variable CI is set)'),
} as const;
