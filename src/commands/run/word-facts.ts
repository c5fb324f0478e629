import { formatReference, parseReference } from '../../image/reference.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { findProject } from '../../project/find.ts';
import { readImages } from '../../store/images.ts';
import { outlineOf } from '../project/list/outline-here.ts';
import { ownConfig } from '../spec/own-config.ts';
import { ownStore } from '../spec/own-store.ts';
import type { WordFacts } from './command-word.ts';

/** Gives what can be looked up about a word where the caller stands. */
export function wordFactsHere(): WordFacts {
  const directory = findProject(currentDirectory());
  return {
    isInProject: directory !== undefined,
    isEnvironment: async (word) => {
      if (word === 'default' || directory === undefined) return word === 'default';
      // Faults of the file are told where its environment is made ready.
      const outline = await outlineOf(directory).catch(() => undefined);
      return outline?.environments.includes(word) === true;
    },
    isImage: async (word) => {
      const { aliases } = await ownConfig();
      if (aliases.has(word)) return true;
      try {
        const name = formatReference(parseReference(word));
        return readImages(ownStore()).some((image) => image.name === name);
      } catch {
        return false;
      }
    },
  };
}
