import { didYouMean } from '../../config/did-you-mean.ts';
import { unexpected } from '../arguments/usage-error.ts';

/** Takes the words that an option knows and gives the parser that accepts these and no other. */
export function oneOf<const Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const nearest = didYouMean(text, words);
    throw unexpected(words.join(' or '), text, nearest && `did you mean ${nearest}?`);
  };
}
