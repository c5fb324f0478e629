import { shellQuote } from '../completion/shell-quote.ts';

/**
 * Gives the code for bash or zsh. Before each prompt it looks for the project with what the shell has built in; `words` (this
 * program and a hidden command) are only run where the project is another one, or something of it is newer than the last time.
 * The answer has three lines: where the project is remembered, where its trust is, and the directory for PATH, or nothing.
 * Where a failure ends the shell (`set -e`), the status that is handed on is not worth it.
 */
export function posixHook(shell: 'bash' | 'zsh', words: readonly string[]): string {
  return `__sandbox_hook() {
  local __sandbox_status=$?${shell === 'zsh' ? '\n  emulate -L zsh' : ''}
  local __sandbox_here=$PWD __sandbox_answer=
  while [[ -n $__sandbox_here && ! -f $__sandbox_here/sandbox.toml ]]; do
    __sandbox_here=\${__sandbox_here%/*}
  done
  if [[ -z $__sandbox_here ]]; then
    if [[ -n \${__SANDBOX_PROJECT-} || -n \${__SANDBOX_BIN-} ]]; then
      __sandbox_use ''
      __SANDBOX_PROJECT=
    fi
  elif [[ $__sandbox_here != "\${__SANDBOX_PROJECT-}" ]] || __sandbox_changed; then
    __SANDBOX_PROJECT=$__sandbox_here
    __sandbox_answer=$(${words.map(shellQuote).join(' ')}) || __sandbox_answer=
    __SANDBOX_STATE=\${__sandbox_answer%%$'\\n'*}
    __sandbox_answer=\${__sandbox_answer#*$'\\n'}
    __SANDBOX_TRUST=\${__sandbox_answer%%$'\\n'*}
    __sandbox_use "\${__sandbox_answer#"$__SANDBOX_TRUST"}"
  fi
  [[ $- == *e* ]] || return $__sandbox_status
}
__sandbox_changed() {
  [[ -n \${__SANDBOX_STATE-} ]] || return 1
  local __sandbox_seen=$__SANDBOX_STATE/hook
  [[ ! -e $__sandbox_seen || $__sandbox_here/sandbox.toml -nt $__sandbox_seen ||
    $__sandbox_here/sandbox.local.toml -nt $__sandbox_seen || $__SANDBOX_STATE/bin -nt $__sandbox_seen ||
    $__SANDBOX_TRUST -nt $__sandbox_seen || ( -n \${__SANDBOX_BIN-} && ! -d \${__SANDBOX_BIN-} ) ]]
}
__sandbox_use() {
  local __sandbox_path=":\${PATH-}:" __sandbox_bin=\${1#$'\\n'}
  [[ $__sandbox_bin != "\${__SANDBOX_BIN-}" ]] || return 0
  if [[ -n \${__SANDBOX_BIN-} ]]; then
    __sandbox_path=\${__sandbox_path//":$__SANDBOX_BIN:"/:}
    __sandbox_path=\${__sandbox_path#:}
    PATH=\${__sandbox_path%:}
  fi
  export __SANDBOX_BIN=$__sandbox_bin
  if [[ -n $__sandbox_bin ]]; then PATH=$__sandbox_bin\${PATH:+:$PATH}; fi
}
${shell === 'bash' ? BASH_PROMPT : ZSH_PROMPT}`;
}

/** First of all: what comes after it finds the status that the user's command had, since the hook gives it back. */
const BASH_PROMPT = `if [[ ";\${PROMPT_COMMAND[*]:-};" != *__sandbox_hook* ]]; then
  if [[ "$(declare -p PROMPT_COMMAND 2>/dev/null)" == 'declare -a'* ]]; then
    PROMPT_COMMAND=(__sandbox_hook "\${PROMPT_COMMAND[@]}")
  else
    PROMPT_COMMAND="__sandbox_hook\${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
  fi
fi
`;

const ZSH_PROMPT = `typeset -ga precmd_functions chpwd_functions
if (( ! \${precmd_functions[(I)__sandbox_hook]} )); then precmd_functions=(__sandbox_hook $precmd_functions); fi
if (( ! \${chpwd_functions[(I)__sandbox_hook]} )); then chpwd_functions=(__sandbox_hook $chpwd_functions); fi
`;
