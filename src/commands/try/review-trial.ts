import { readSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { HostFacts } from '../../host/facts.ts';
import { surveyHost } from '../../host/survey.ts';
import { applyToHost, listChanges, listPatches } from '../../review/client.ts';
import type { Change } from '../../review/model.ts';
import { type Reviewed, reviewed } from '../../review/parts.ts';
import { type Colours, coloursOf } from '../../ui/colour.ts';
import { note, print, printError } from '../../ui/output.ts';
import { isComplete, reportApplied } from '../apply/apply-text.ts';
import { changeLines, largestFirst, totals } from '../diff/change-list.ts';
import { shownPatch } from '../diff/patch-text.ts';
import { answerOf } from './answer.ts';
import { removeTrial } from './remove-trial.ts';

/** More lines would scroll away what was seen before. */
const MOST_SHOWN = 40;

export interface ReviewOptions {
  /** Text as well. */
  readonly diff: boolean;
  readonly json: boolean;
  /** What an audit found, for the JSON. */
  readonly audit: object | undefined;
  /** The sandbox could not be made, which was told: there is nothing to be said of changes. */
  readonly quiet: boolean;
}

/**
 * Shows what a trial changed and asks what is to become of it. Where nothing was changed the sandbox is removed; where nobody
 * can be asked it is kept.
 */
export async function reviewTrial(name: string, options: ReviewOptions): Promise<void> {
  const facts = surveyHost();
  const sandbox = reviewed(facts.store, name);
  const changes = largestFirst(listChanges(facts, sandbox, []));
  if (options.json) print(`${JSON.stringify({ sandbox: name, changes, audit: options.audit }, null, 2)}\n`);
  if (changes.length === 0) {
    await removeTrial(name);
    if (!options.quiet) note('nothing was changed');
    return;
  }
  const colours = coloursOf(2);
  if (!options.json) show(name, changes, colours);
  if (options.diff) showText(facts, sandbox, colours);
  if (options.json || !isatty(0) || !isatty(2)) {
    tellCommands(name);
    return;
  }
  await ask(facts, sandbox, colours);
}

function show(name: string, changes: readonly Change[], colours: Colours): void {
  printError(`\n${colours.strong(`Changed in ${name}`)}: ${totals(changes)}\n`);
  // What somebody should look at is never among those that are left out.
  const marked = changes.filter(({ warnings }) => warnings.length > 0);
  const others = changes.filter(({ warnings }) => warnings.length === 0);
  const shown = new Set([...marked, ...others].slice(0, Math.max(MOST_SHOWN, Math.min(marked.length, 5 * MOST_SHOWN))));
  printError(
    changeLines(
      changes.filter((change) => shown.has(change)),
      colours,
    ),
  );
  const more = changes.length - shown.size;
  if (more > 0) printError(`   … and ${more} more: sandbox diff ${name}\n`);
}

function showText(facts: HostFacts, sandbox: Reviewed, colours: Colours): void {
  for (const { text } of listPatches(facts, sandbox, [])) printError(shownPatch(text, colours));
}

function tellCommands(name: string): void {
  note(`kept as ${name}`);
  printError(`  sandbox diff ${name}      sandbox apply ${name}      sandbox discard ${name}\n`);
}

async function ask(facts: HostFacts, sandbox: Reviewed, colours: Colours): Promise<void> {
  const { name } = sandbox;
  for (;;) {
    printError(
      `${colours.strong('apply')} to the host, ${colours.strong('keep')}, ${colours.strong('discard')}, or show the ${colours.strong('diff')}? [keep] `,
    );
    const answer = answerOf(readLine());
    if (answer === 'keep') {
      tellCommands(name);
      return;
    }
    if (answer === 'discard') {
      await removeTrial(name);
      note('discarded');
      return;
    }
    if (answer === 'diff') showText(facts, sandbox, colours);
    else if (answer === undefined) printError('  write one of the four words, or its beginning\n');
    else {
      const result = applyToHost(facts, sandbox, [], { force: false, dryRun: false });
      reportApplied(name, result, { dryRun: false, list: false });
      if (isComplete(result)) {
        await removeTrial(name);
        return;
      }
    }
  }
}

/** Waits for a line of the terminal; undefined where it was closed. */
function readLine(): string | undefined {
  const line = Buffer.alloc(256);
  try {
    const length = readSync(0, line);
    if (length > 0) return line.toString('utf8', 0, length);
  } catch {
    // A terminal that is gone.
  }
  printError('\n');
  return undefined;
}
