import { storePath, surveyHost } from '../../host/survey.ts';

/** Gives the path of this user's store, without looking at more of the host than that takes. */
export function ownStore(environment: NodeJS.ProcessEnv = process.env): string {
  const { HOME, XDG_DATA_HOME } = environment;
  return HOME?.startsWith('/') ? storePath(XDG_DATA_HOME, HOME) : surveyHost(environment).store;
}
