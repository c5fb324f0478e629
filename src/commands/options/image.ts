import { unexpected } from '../arguments/usage-error.ts';

/** When a registry is asked: podman-run(1), `--pull`. */
export const PULL_POLICIES = ['missing', 'always', 'never', 'newer'] as const;

/**
 * Takes `--entrypoint` of podman-run(1): one program, a JSON array of a program and arguments, or '' for none. Gives the words.
 * Throws UsageError.
 */
export function parseEntrypoint(text: string): readonly string[] {
  if (text === '') return [];
  if (!text.startsWith('[')) return [text];
  const refuse = () => unexpected('a program, or a JSON array of strings such as \'["sh", "-c"]\'', text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse();
  }
  if (!Array.isArray(value)) throw refuse();
  const words: readonly unknown[] = value;
  return words.map((word) => {
    if (typeof word !== 'string' || word.includes('\0')) throw refuse();
    return word;
  });
}

/** Takes a platform's text; what it says is looked at with the image. Throws UsageError. */
export function parsePlatformText(text: string): string {
  if (text === '') throw unexpected('OS/ARCHITECTURE[/VARIANT]', text, 'for example linux/arm64');
  return text;
}
