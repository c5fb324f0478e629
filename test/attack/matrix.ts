import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { needsAccount, type RunOptions, runAs, type TestUser, testUser } from '../support/user.ts';
import { attacker, canAttack, outcomes, perl } from './attack.ts';

/**
 * Attacks that are a few lines of Perl each: all of a table are tried in one sandbox of each kind, and each of them where
 * its defence is not there. An attack got through if its value is defined, not empty and not -1.
 */
export interface Row {
  readonly attack: string;
  /**
   * Where it gets through. `outside`: as the same account; `namespace`: as root of namespaces made by hand, with no filter, all
   * capabilities and nothing masked; `host`: as root of the host, which only a test run of root can show; words: in a sandbox
   * of profile `dev` with these instead of the table's.
   */
  readonly control: 'outside' | 'namespace' | 'host' | readonly string[];
  /** Done first in the control: what a sandbox has, made without what protects it. */
  readonly prepare?: string;
  /** Which sandboxes hold it off, where these are not all; docs/security.md says why the others need not. */
  readonly holds?: 'strict' | 'user';
}

interface Kind {
  readonly name: string;
  readonly words: readonly string[];
  readonly account: 'subordinate' | 'bare';
}

/** Both profiles, as the user and as root inside, and as a root that has one id only. */
const KINDS: readonly Kind[] = [
  { name: 'dev, the user', words: ['--profile', 'dev'], account: 'subordinate' },
  { name: 'dev, root', words: ['--profile', 'dev', '--user', 'root'], account: 'subordinate' },
  { name: 'strict, the user', words: ['--profile', 'strict'], account: 'subordinate' },
  { name: 'strict, root', words: ['--profile', 'strict', '--user', 'root'], account: 'subordinate' },
  { name: 'dev, root with one id', words: ['--profile', 'dev', '--user', 'root'], account: 'bare' },
  { name: 'strict, root with one id', words: ['--profile', 'strict', '--user', 'root'], account: 'bare' },
];

/** `call(nr_NAME, …)` is syscall() that takes literals; `write_to(PATH, TEXT)` says whether all of it was written. */
const PRELUDE = `
  sub call { my ($number, @words) = @_; return syscall($number, @words) }
  sub opened { my ($path, $how) = @_; my $f; return sysopen($f, $path, $how) ? $f : undef }
  sub write_to { my ($path, $text) = @_; my $f = opened($path, O_WRONLY) or return undef; return syswrite($f, $text) }
  sub first_line { my $f = opened($_[0], O_RDONLY | 04000) or return undef; my $n = sysread($f, my $b, 200); return $n ? $b =~ s/\\n.*//sr : undef }
  sub case { my ($name, $code) = @_; my $pid = fork;
    if (!$pid) { alarm 10; $! = 0; my $value = eval { $code->() }; try($name, $value); exit 0 }
    waitpid $pid, 0; print "\\n$name: SIGNAL ", $? & 127, "\\n" if $? & 127 }
`;

/** Namespaces made by hand, as bwrap and unshare are used. */
const BY_HAND = ['unshare', '-UrmpfiunC', '--mount-proc', '--propagation', 'private'];

/** Rows by number, since a name may have any character in it. */
type Numbered = ReadonlyArray<readonly [number: number, row: Row]>;
/** `{{NAME}}` in a row's Perl stands for a value that only the run knows. */
type Values = Readonly<Record<string, string>>;

function script(rows: Numbered, values: Values, prepared = ''): string[] {
  const cases = rows.map(([number, { attack }]) => `case('attack ${number}', sub { ${attack} });`);
  const text = `${PRELUDE}${prepared}\n${cases.join('\n')}\nprint "\\nend: reached\\n";`;
  return perl(text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? assert.fail(name)));
}

async function tryOut(user: TestUser, argv: readonly string[], options: RunOptions): Promise<Record<string, string>> {
  const { status, stdout, stderr } = await runAs(user, argv, { timeout: 60_000, cwd: '/', ...options });
  const tried = outcomes(stdout);
  assert.equal(tried.end, 'reached', `status ${status}: ${stdout}${stderr}`);
  return tried;
}

/** What the attacks do where nothing stands in their way; those that need a sandbox share one for each kind of it. */
async function controls(numbered: Numbered, values: Values, options: RunOptions): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const loosened = new Map<string, Array<readonly [number, Row]>>();
  for (const [number, row] of numbered) {
    const { control, prepare = '' } = row;
    const words = () => script([[number, row]], values, prepare);
    if (control === 'outside') Object.assign(found, await tryOut(attacker(), words(), options));
    else if (control === 'namespace') Object.assign(found, await tryOut(attacker(), [...BY_HAND, ...words()], options));
    else if (control !== 'host') {
      const alike = loosened.get(control.join(' ')) ?? [];
      loosened.set(control.join(' '), [...alike, [number, { ...row, attack: `${prepare}\n${row.attack}` }]]);
    } else if (process.getuid?.() === 0) {
      const own = ['-m', '--propagation', 'private', ...words()];
      const { stdout } = spawnSync('unshare', own, { encoding: 'utf8', timeout: 60_000, cwd: '/' });
      Object.assign(found, outcomes(stdout));
    }
  }
  for (const [words, rows] of loosened) {
    const run = [attacker().sandbox, 'run', '--profile', 'dev', ...words.split(' '), '--'];
    Object.assign(found, await tryOut(attacker(), [...run, ...script(rows, values)], options));
  }
  return found;
}

function isHeldIn({ holds }: Row, { name }: Kind): boolean {
  if (holds === 'strict') return name.startsWith('strict');
  return holds === undefined || name.endsWith('the user');
}

export interface MatrixOptions {
  /** For every sandbox, in place of `--workspace none`. */
  readonly words?: readonly string[];
  /** Looks at the host when the attacks have been tried, and the controls not yet. */
  readonly check?: (values: Values) => void;
  /** What a refusal is told as, where other errors would only mean that the attack is badly written. */
  readonly refusal?: RegExp;
  /** Prepares the host; the values that the rows name. */
  readonly setUp?: (t: TestContext) => Promise<{ readonly run?: RunOptions; readonly values: Values }>;
}

/** Makes each attack of a table a test: it gets through where nothing stands in its way, and in no sandbox. */
export function attackMatrix(title: string, rows: Readonly<Record<string, Row>>, options: MatrixOptions = {}): void {
  const numbered: Numbered = Object.values(rows).map((row, number) => [number, row]);
  test(title, canAttack, async (t) => {
    const { run: surroundings = {}, values } = (await options.setUp?.(t)) ?? { values: {} };
    const tried = new Map<Kind, Record<string, string>>();
    for (const kind of KINDS) {
      if (needsAccount(kind.account)) continue;
      const user = kind.account === 'bare' ? testUser('bare') : attacker();
      const run = [user.sandbox, 'run', ...(options.words ?? ['--workspace', 'none']), ...kind.words, '--'];
      tried.set(kind, await tryOut(user, [...run, ...script(numbered, values)], surroundings));
    }
    options.check?.(values);
    const control = await controls(numbered, values, surroundings);
    for (const [number, name] of Object.keys(rows).entries()) {
      await t.test(name, async (t) => {
        const row = rows[name];
        assert.ok(row);
        const open = control[`attack ${number}`];
        const isShown = row.control !== 'host' || process.getuid?.() === 0;
        const isMissing = row.control === 'host' && open === 'ENOENT';
        if (isShown && !isMissing) assert.match(open ?? 'not tried', /^ok/, 'the control gets through');
        const held = [...tried].filter(([kind]) => isHeldIn(row, kind));
        assert.ok(held.length >= 1);
        for (const [kind, outcomes] of held) {
          const outcome = outcomes[`attack ${number}`];
          assert.ok(outcome !== undefined && !outcome.startsWith('ok'), `${kind.name}: ${outcome}`);
          if (options.refusal) assert.match(outcome, options.refusal, kind.name);
        }
        if (!isShown) t.diagnostic('that it gets through elsewhere takes root of the host to show');
        if (isMissing) t.skip(`${CANNOT_RUN_HERE}this kernel has no such file`);
      });
    }
  });
}
