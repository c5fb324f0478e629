import { didYouMean } from '../../config/did-you-mean.ts';
import { ProjectError } from '../../project/error.ts';
import type { Environment, Project } from '../../project/model.ts';

/** Gives the environment of a name. Throws a ProjectError. */
export function environmentOf({ environments }: Project, name: string): Environment {
  const found = environments.get(name);
  if (found !== undefined) return found;
  const names = [...environments.keys()];
  const nearest = didYouMean(name, names);
  throw new ProjectError('UNKNOWN', `sandbox.toml has no environment ${JSON.stringify(name)}`, {
    hint: nearest === undefined ? `it has ${names.join(', ')}` : `did you mean ${nearest}?`,
  });
}
