const ANSWERS = ['apply', 'keep', 'discard', 'diff'] as const;
export type TrialAnswer = (typeof ANSWERS)[number];

/** Takes a line and gives what it means: a word or its beginning. An empty line, and none at all, mean to keep; undefined: unclear. */
export function answerOf(line: string | undefined): TrialAnswer | undefined {
  const typed = line?.trim().toLowerCase() ?? '';
  if (typed === '') return 'keep';
  const meant = ANSWERS.filter((answer) => answer.startsWith(typed));
  return meant.length === 1 ? meant[0] : undefined;
}
