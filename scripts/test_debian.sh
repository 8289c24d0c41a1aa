# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The body of scripts/test-trixie and scripts/test-sid: builds credmint and tests it on another
# release of Debian.
#
#   test_debian RELEASE [--programs] [--modules] [--clients] [FOLDER]
#
# The script that calls it sets "$source_dir", and has read scripts/debian_root.sh.

# shellcheck disable=SC2154  # source_dir

test_debian() {
  local release=$1 tables=() folder table
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --programs | --modules | --clients) tables+=("${1#--}") ;;
      -*)
        echo "usage: $0 [--programs] [--modules] [--clients] [FOLDER]" >&2
        exit 2
        ;;
      *) break ;;
    esac
    shift
  done
  folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/credmint-$release}
  own_namespaces "$0" "${tables[@]/#/--}" "$folder"
  make_root "$release" "$folder"
  mount --bind "$folder" "$folder"
  prepare_root "$folder"
  copy_sources "$source_dir" "$folder/srv/credmint"
  if [ ${#tables[@]} -eq 0 ]; then
    inside "$folder" /srv/credmint/scripts/test ${CREDMINT_TEST_ALL:+--all} /srv/credmint-build
    return
  fi
  build_program "$folder"
  for table in "${tables[@]}"; do
    write_page "$folder" "$table"
  done
}

# The program and the providers, as CI builds them, without the tests.
build_program() {
  inside "$1" /srv/credmint/scripts/packages build test
  [ -f "$1/srv/credmint-build/build.ninja" ] || inside "$1" meson setup \
    -Dunity=on -Dunity_size=1000 -Doptimization=1 -Ddebug=false -Dfast_start=false \
    /srv/credmint-build /srv/credmint
  inside "$1" ninja -C /srv/credmint-build \
    src/cli/credmint providers/credmint-pkcs11.so providers/credmint-tpm2.so
}

# Tries what a page is about, and replaces its results for this release.
write_page() {
  local folder=$1 tried=$2 page packages
  case $tried in
    programs)
      page=docs/reference/programs.md
      packages=(nginx pkcs11-provider postgresql stunnel4)
      ;;
    modules)
      page=docs/reference/compatibility.md
      packages=(gnome-keyring opencryptoki)
      ;;
    clients)
      page=docs/guide/clients.md
      packages=(awscli duplicity gdal-bin golang-go golang-github-aws-aws-sdk-go-dev
        golang-github-aws-aws-sdk-go-v2-dev python3-awscrt python3-boto3 rclone restic s3cmd)
      ;;
  esac
  inside "$folder" apt-get -qq update
  inside "$folder" apt-get -qq install -y --no-install-recommends "${packages[@]}"
  inside "$folder" env CREDMINT=/srv/credmint-build/src/cli/credmint \
    CREDMINT_MODULES=/srv/credmint-build/providers "/srv/credmint/scripts/test-$tried" \
    --explain >"$folder.page"
  cat "$folder.page" >"$source_dir/$page"  # keeps owner and mode
}
