#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# p11-kit 0.24.1: a program learns which modules are configured only after code of all has run. The
# function p11_kit_modules_load() calls dlopen() for each. The functions that give names and files
# take a module that is loaded.
#
# One would expect to be able to read the configuration first, for example to load each module in a
# process of its own. The module's initialisation, C_Initialize, is indeed left to the caller; its
# constructors are not.
#
# Runs Debian 12's packages from a temporary folder, as an ordinary user, with a configuration of two
# modules. Exits with 0 if p11-kit behaves as described, 1 if it does not, and 77 if the packages
# cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libp11-kit0=0.24.1-2 libsofthsm2=2.6.1-2.1 opensc-pkcs11=0.23.0-0.3+deb12u2; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")

mkdir -p config/pkcs11/modules
echo "user-config: only" >config/pkcs11/pkcs11.conf
echo "module: $folder/root/usr/lib/softhsm/libsofthsm2.so" >config/pkcs11/modules/one.module
echo "module: $libraries/opensc-pkcs11.so" >config/pkcs11/modules/two.module

cat >names.py <<'PYTHON'
import ctypes

kit = ctypes.CDLL("libp11-kit.so.0")
kit.p11_kit_modules_load.restype = ctypes.POINTER(ctypes.c_void_p)
kit.p11_kit_module_get_name.restype = ctypes.c_char_p
kit.p11_kit_module_get_name.argtypes = [ctypes.c_void_p]


def mapped():
    with open("/proc/self/maps") as maps:
        text = maps.read()
    return [name for name in ("libsofthsm2.so", "opensc-pkcs11.so") if name in text]


print("mapped before:", *mapped())
modules = kit.p11_kit_modules_load(None, 0)
print("mapped before the first name is asked for:", *mapped())
names = []
while modules[len(names)]:
    names.append(kit.p11_kit_module_get_name(modules[len(names)]).decode())
print("names:", *sorted(names))
PYTHON
chmod -R a+rX "$folder"

user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid 65534 --clear-groups)  # root has no user configuration
LD_LIBRARY_PATH=$libraries XDG_CONFIG_HOME=$folder/config "${user[@]}" /usr/bin/python3 names.py | tee seen
expected="mapped before:
mapped before the first name is asked for: libsofthsm2.so opensc-pkcs11.so
names: one two"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: both modules were loaded before one could be named"
