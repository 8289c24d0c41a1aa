# SPDX-License-Identifier: Apache-2.0
"""Key files written by the `openssl` command, as users have them."""

from support.processes import run_tool
from support.requirements import provider_modules

OPENSSL = "/usr/bin/openssl"


def version():
    """The version of the command: (3, 0) for OpenSSL 3.0."""
    number = run_tool(OPENSSL, "version").split()[1].decode()
    return tuple(int(part) for part in number.split(".")[:2])


def rewrite(pem, *command):
    """The output of `openssl COMMAND` for keys and certificates in PEM."""
    return run_tool(OPENSSL, *command, stdin=pem)


def configuration(folder, providers):
    """The environment in which any program loads our providers, by an openssl.cnf in `folder`.

    `providers` maps a name to its settings. The default provider comes first, unless it has a place
    among them: modules that use OpenSSL themselves must not be led back to ours.
    """
    sections = providers if "default" in providers else {"default": {}, **providers}
    lines = ["openssl_conf = all", "[all]", "providers = list", "[list]"]
    lines += [f"{name} = {name}_settings" for name in sections]
    for name, settings in sections.items():
        lines.append(f"[{name}_settings]")
        lines += [f"{setting} = {value}" for setting, value in settings.items()]
        lines.append("activate = 1")
    path = folder / "openssl.cnf"
    path.write_text("\n".join(lines) + "\n")
    return {"OPENSSL_CONF": str(path), "OPENSSL_MODULES": provider_modules()}
