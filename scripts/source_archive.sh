# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Functions for scripts that need the version or the sources of a commit.

# Runs git on a work tree, which may belong to another user: git_in FOLDER COMMAND...
git_in() {
  local folder=$1
  shift
  git -C "$folder" -c safe.directory="$folder" "$@"
}

# Prints the version, for which meson.build is the only place.
project_version() {
  sed -n "s/^  version: '\(.*\)',$/\1/p" "$1/meson.build"
}

# Writes the commit as a .tar.xz. It depends on the commit alone, not on user, time, umask or folder.
#
#   source_archive FOLDER VERSION FILE
source_archive() {
  git_in "$1" -c tar.umask=0022 -c core.autocrlf=false archive --format tar \
    --prefix "credmint-$2/" HEAD | xz --threads=1 -6 >"$3"
}
