import type { Change } from './model.ts';

/** Files that something executes later without being told to; matched against the end of a path. */
const RUNS_LATER: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/(^|\/)\.git\/hooks\/(?![^/]*\.sample$)[^/]+$/, 'git runs it'],
  [/(^|\/)\.git\/(config|config\.worktree)$/, 'git runs commands that it names'],
  [/(^|\/)\.git\/modules\/.*\/(hooks\/[^/]+|config)$/, 'git runs it'],
  [/(^|\/)\.gitattributes$/, 'it may make git run filters'],
  [/(^|\/)\.husky\/[^/]+$/, 'git runs it'],
  [/(^|\/)\.(pre-commit-config\.yaml|lefthook\.ya?ml)$/, 'git hooks run commands that it names'],
  [/(^|\/)\.envrc$/, 'direnv runs it'],
  [/(^|\/)\.vscode\/(tasks|settings|launch)\.json$/, 'the editor runs commands that it names'],
  [/(^|\/)\.idea\/(workspace|runConfigurations\/[^/]+)\.xml$/, 'the editor runs commands that it names'],
  [/(^|\/)(\.devcontainer\/|\.?devcontainer\.json$)/, 'the editor runs commands that it names'],
  [/(^|\/)\.(nvimrc|exrc|vimrc|emacs|dir-locals\.el|lvimrc)$/, 'the editor runs it'],
  [
    /(^|\/)\.(bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|zlogout|kshrc|cshrc|tcshrc|login|inputrc|xprofile|xinitrc|xsession)$/,
    'shells and sessions run it at their start',
  ],
  [/(^|\/)\.config\/(fish\/|autostart\/|systemd\/|environment\.d\/)/, 'the session runs it'],
  [/(^|\/)\.ssh\//, 'it decides who may log in and what ssh runs'],
  [/(^|\/)(\.npmrc|\.yarnrc(\.yml)?|\.pypirc|pip\.conf)$/, 'package managers obey it'],
  [/(^|\/)\.(github\/workflows\/[^/]+|gitlab-ci\.yml)$/, 'the forge runs it'],
  [/(^|\/)(conftest|sitecustomize|usercustomize)\.py$/, 'Python runs it by itself'],
  [/(^|\/)\.cargo\/config(\.toml)?$/, 'cargo runs commands that it names'],
  [/^\/etc\/(cron[^/]*\/|crontab$|profile(\.d\/|$)|bash\.bashrc$|zsh|ld\.so\.)/, 'the system runs it'],
  [/^\/(etc|lib|usr\/lib)\/(systemd|udev|init\.d)\//, 'the system runs it'],
];

const SET_ID = 0o6000;

/** Says why a change should be looked at twice. `target`: of a symbolic link. */
export function warningsOf({
  path,
  change,
  kind,
  mode,
  oldMode,
  target,
}: Pick<Change, 'path' | 'change' | 'kind' | 'mode' | 'oldMode' | 'target'>): string[] {
  if (change === 'deleted') return [];
  const found: string[] = [];
  if (kind !== 'directory') {
    const later = RUNS_LATER.find(([pattern]) => pattern.test(path));
    if (later !== undefined) found.push(later[1]);
  }
  if (kind === 'file' && (mode & SET_ID) !== 0) found.push('its set-uid and set-gid bits are never applied');
  if (kind === 'file' && (mode & 0o111) !== 0 && !(oldMode !== undefined && (oldMode & 0o111) !== 0)) {
    found.push('executable');
  }
  if (kind === 'symlink' && target !== undefined && leadsOut(path, target)) found.push(`leads to ${target}`);
  return found;
}

/** Whether a link of the workspace points out of it. */
function leadsOut(path: string, target: string): boolean {
  if (path.startsWith('/')) return false;
  if (target.startsWith('/')) return true;
  let depth = path.split('/').length - 1;
  for (const step of target.split('/')) {
    if (step === '..') depth -= 1;
    else if (step !== '' && step !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
