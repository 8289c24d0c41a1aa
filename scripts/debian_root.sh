# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Functions for scripts that install a Debian of their own in a folder. Such a script is root.

# Starts the script again where its mounts and processes are its own, and end with it. In the new
# namespaces it does nothing.
#
#   own_namespaces "$0" "$@"
own_namespaces() {
  [ "$(id -u)" -eq 0 ] || {
    echo "run this as root: it makes a chroot" >&2
    exit 1
  }
  [ "${CREDMINT_OWN_NAMESPACES:-}" != "$PPID" ] || return 0
  # The inner bash becomes process 1 of the namespace, so that the script is an ordinary process.
  # shellcheck disable=SC2016  # expanded by that shell
  exec unshare --mount --pid --fork --kill-child --mount-proc \
    bash -c 'CREDMINT_OWN_NAMESPACES=$$ bash "$@"; exit $?' _ "$@"
}

# Prints apt's settings of proxies and checks, which the mirror may need.
apt_settings() {
  local key
  for key in Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date; do
    apt-config dump "$key" | grep '"[^"]\+";$' || true
  done
}

# Prints the Debian mirror that apt uses. If there is none, debootstrap uses its default.
mirror() {
  # shellcheck disable=SC2016  # apt-get expands these
  apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^Debian [a-z]* //p' | head -n 1
}

# Installs a minimal Debian of that release, from the mirror that apt uses on this machine, unless
# the folder has one.
#
#   make_root RELEASE FOLDER [ARCHITECTURE]
make_root() {
  local release=$1 folder=$2 proxy
  if [ -e "$folder" ]; then
    # As debootstrap wrote it. In sid, /etc/os-release names the next release.
    grep -rqsw "$release" "$folder"/etc/apt/sources.list{,.d} && return
    echo "$folder exists and is not a Debian $release" >&2
    return 1
  fi
  echo "installing Debian $release in $folder"
  command -v debootstrap >/dev/null || {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends debootstrap
  }
  proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy)
  [ -z "$proxy" ] || export http_proxy=${http_proxy:-$proxy}
  rm -rf "$folder.new"
  mkdir -p "$folder.new"
  # shellcheck disable=SC2046  # without a mirror there is no argument
  debootstrap --variant=minbase ${3:+--arch="$3"} "$release" "$folder.new" $(mirror) \
    >"$folder.log" 2>&1 || {
    tail -n 20 "$folder.log" >&2
    return 1
  }
  mv "$folder.new" "$folder"
}

# Makes a folder with a Debian ready for commands. It must be a mount point, as / is on any system.
prepare_root() {
  apt_settings >"$1/etc/apt/apt.conf.d/99host"
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
  mount -t proc proc "$1/proc"
  mkdir -p "$1/dev/pts" "$1/dev/shm"
  mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$1/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
}

# Copies the sources, without what git ignores, to a new folder. Files keep their times.
copy_sources() {
  local source_dir=$1 target=$2
  rm -rf "$target"
  mkdir -p "$target"
  git -C "$source_dir" -c safe.directory="$source_dir" \
    ls-files -z --cached --others --exclude-standard |
    tar --create --directory "$source_dir" --null --files-from - --ignore-failed-read 2>/dev/null |
    tar --extract --no-same-owner --directory "$target"
}

# Runs a command in such a folder: inside FOLDER COMMAND...
inside() {
  local folder=$1
  shift
  chroot "$folder" env --ignore-environment HOME=/root LANG=C.UTF-8 TERM=dumb \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive ${CI:+CI="$CI"} ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# --- layers above a clean Debian ---
#
# A script sets "$kept", the folder that keeps roots/RELEASE and the layers above it, and "$release".
# shellcheck disable=SC2154

# Makes "$root", where commands see the clean Debian and write to a layer above it.
#
#   open_layer NAME
open_layer() {
  root=$kept/mounts/$release-$1
  local layer=$kept/layers/$release-$1
  mkdir -p "$root" "$layer/upper" "$layer/work"
  mount -t overlay overlay \
    -o "lowerdir=$kept/roots/$release,upperdir=$layer/upper,workdir=$layer/work" "$root"
  prepare_root "$root"
  mkdir -p "$kept/debs" "$root/var/cache/apt/archives"
  mount --bind "$kept/debs" "$root/var/cache/apt/archives"  # what was downloaded once
}

new_layer() {
  rm -rf "$kept/layers/$release-$1"
  open_layer "$1"
}

# Runs a command in "$root", and prints what it prints only if it fails.
quietly() {
  inside "$root" "$@" >"$kept/log" 2>&1 || {
    tail -n 40 "$kept/log" >&2
    return 1
  }
}

# took STEP BEGAN: prints how long a step took that began at that value of SECONDS
took() {
  printf '%s: %s: %s took %d s\n' "$0" "$release" "$1" $((SECONDS - $2))
}
