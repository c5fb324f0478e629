/*
 * Desktop Entry Specification 1.5. What a sandbox's file says was written by nobody knows whom: a few keys are taken from it, and each
 * is one line of printable text. What is started is ours.
 */

/** What is taken from an application's own file. */
export interface Application {
  readonly name: string;
  readonly comment?: string;
  /** The name of an icon of the desktop's theme, and no path: one would be opened outside. */
  readonly icon?: string;
  readonly categories?: string;
  readonly mimeType?: string;
  readonly terminal: boolean;
  /** What stands for files or addresses behind the program: `%F`, `%u`. */
  readonly field?: string;
}

const LONGEST = 200;

/** Takes the text of a .desktop file and gives what it says, if it starts `program`. */
export function parseApplication(unsafeText: string, program: string): Application | undefined {
  const keys = mainGroup(unsafeText);
  if (keys.get('Type') !== 'Application') return undefined;
  const exec = keys.get('Exec') ?? '';
  const [first = '', ...words] = exec.split(/\s+/).map((word) => word.replace(/^"|"$/g, ''));
  if (first.slice(first.lastIndexOf('/') + 1) !== program) return undefined;
  const field = words.find((word) => /^%[fFuU]$/.test(word));
  const take = (key: string, form: RegExp): string | undefined => {
    const value = keys.get(key);
    return value !== undefined && value.length <= LONGEST && form.test(value) ? value : undefined;
  };
  const comment = take('Comment', TEXT);
  const icon = take('Icon', /^[A-Za-z0-9_.+-]+$/);
  const categories = take('Categories', /^[A-Za-z0-9;-]+$/);
  const mimeType = take('MimeType', /^[A-Za-z0-9;/.+_-]+$/);
  return {
    name: take('Name', TEXT) ?? program,
    ...(comment === undefined ? {} : { comment }),
    ...(icon === undefined ? {} : { icon }),
    ...(categories === undefined ? {} : { categories }),
    ...(mimeType === undefined ? {} : { mimeType }),
    terminal: keys.get('Terminal') === 'true',
    ...(field === undefined ? {} : { field }),
  };
}

/** No control characters, nor those that turn the direction of text. A backslash would be the beginning of an escape. */
const TEXT = /^[^\p{Cc}\p{Cf}\\]+$/u;

/** Keys without a language of the group `[Desktop Entry]`, the first of each. */
function mainGroup(text: string): Map<string, string> {
  const keys = new Map<string, string>();
  let isMain = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) isMain = line.trim() === '[Desktop Entry]';
    const match = isMain ? /^([A-Za-z0-9-]+)\s*=\s*(.*)$/.exec(line) : null;
    if (match?.[1] !== undefined && !keys.has(match[1])) keys.set(match[1], (match[2] ?? '').trimEnd());
  }
  return keys;
}

/** Gives the text of a .desktop file that starts `words`; `mark` is a comment in its second line. */
export function desktopEntry(application: Application, words: readonly string[], mark: string): string {
  const { name, comment, icon, categories, mimeType, terminal, field } = application;
  const line = (key: string, value: string | undefined): string[] => (value === undefined ? [] : [`${key}=${value}`]);
  return `${[
    '[Desktop Entry]',
    `# ${mark}`,
    'Type=Application',
    'Version=1.5',
    `Name=${name}`,
    ...line('Comment', comment),
    ...line('Icon', icon),
    ...line('Categories', categories),
    ...line('MimeType', mimeType),
    `Terminal=${terminal}`,
    `Exec=${[...words.map(execWord), ...(field === undefined ? [] : [field])].join(' ')}`,
  ].join('\n')}\n`;
}

/** "The Exec key": in double quotes, with a backslash before four characters, and once more for the string; `%` is doubled. */
export function execWord(word: string): string {
  const quoted = word.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%');
  return `"${quoted.replaceAll('\\', '\\\\')}"`;
}
