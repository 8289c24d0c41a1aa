# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Completion of credmint's command line in bash. `credmint __complete` gives the candidates.

# Sets `words` to the words after the command up to the cursor, without quotes. bash splits words
# also at : and =, which occur in URIs and options: those without blanks between belong together.
_credmint_words() {
  local line=${COMP_LINE:0:COMP_POINT} part
  words=()
  for part in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ ${#words[@]} -gt 0 && $line != [[:blank:]]* ]]; then
      words[-1]+=$part
    else
      words+=("$part")
      line=${line#"${line%%[![:blank:]]*}"}
    fi
    line=${line#"$part"}
  done
  words=("${words[@]:1}")
  words=("${words[@]//[\'\"\\]/}")
}

# Adds files that begin with the word after this prefix.
_credmint_files() {
  local prefix=$1 file
  compopt -o filenames
  while IFS= read -r file; do
    file=$prefix$file
    COMPREPLY+=("${file#"$kept"}")
  done < <(compgen -f -- "${word#"$prefix"}")
}

# Adds a candidate, quoted unless a quote is open.
_credmint_candidate() {
  local candidate=${1#"$kept"}
  [[ ${COMP_WORDS[COMP_CWORD]} == [\'\"]* ]] || printf -v candidate %q "$candidate"
  COMPREPLY+=("$candidate")
}

_credmint() {
  local words word line last kept
  _credmint_words
  word=${words[-1]}
  # bash replaces only what follows the last : or =, and keeps the rest of the word.
  last=${COMP_WORDS[COMP_CWORD]//[\'\"\\]/}
  kept=${word%"${last##[:=]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files*) _credmint_files "${line#*$'\t'}" ;;
      :commands) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- "$word") ;;
      *) _credmint_candidate "${line%%$'\t'*}" ;;
    esac
  done < <(command credmint __complete "${words[@]}" 2>/dev/null)
  # More of the word follows these.
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[:=] ]] || compopt -o nospace
}

complete -F _credmint credmint
