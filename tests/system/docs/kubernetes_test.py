#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The objects in packaging/kubernetes are whole, agree with each other and with the program, and
are explained in docs/guide/kubernetes.md. `serve` works as they run it.

The published data models of Kubernetes are no Debian package. support/kubernetes.py has an own list
of fields. There is no cluster here: volumes, users and groups are those that a kubelet would make.
"""

import ctypes
import json
import os
import re
import subprocess
import tomllib
import unittest

from support import documents, kubernetes, pki, program, tpm
from support.processes import die_with_parent
from support.requirements import miss
from support.serve import Server, wait_until
from support.system_test import MintTest, SystemTest, let_others_run_the_program, make_folder

FILES = kubernetes.files()
OBJECTS = {
    f"{path.parent.name}/{path.stem}": loaded
    for path, loaded in FILES.items()
    if loaded["kind"] != "Kustomization"
}
WORKLOADS = {
    name: loaded
    for name, loaded in OBJECTS.items()
    if loaded["kind"] in ("Deployment", "DaemonSet")
}
CONFIGS = {
    folder: OBJECTS[f"{folder}/config"]["data"]["config.toml"] for folder in ("sidecar", "node")
}
PAGE = documents.read("guide/kubernetes.md")
LIBC = ctypes.CDLL(None)
CLONE_NEWNS = 0x20000
# SDKs accept plain HTTP from these alone, besides loopback: CONTRACT section 7.
ADDRESSES_OF_SDKS = ("169.254.170.2", "169.254.170.23")
OF_KUBERNETES = {"apiVersion", "kind", "metadata", "spec", "name", "labels", "template", "data"}


def pod(workload):
    return workload["spec"]["template"]["spec"]


def containers(workload):
    return [*pod(workload).get("initContainers", ()), *pod(workload)["containers"]]


def credmint_of(name):
    every = containers(WORKLOADS[name])
    (found,) = (each for each in every if each["image"].startswith("credmint:"))
    return found


def user_of(workload, container):
    own = container["securityContext"].get("runAsUser")
    return own or pod(workload)["securityContext"]["runAsUser"]


def environment_of(container):
    return {variable["name"]: variable["value"] for variable in container.get("env", ())}


def mount_of(container, path):
    """The name of the volume that has this file."""
    (found,) = (
        mount["name"]
        for mount in container["volumeMounts"]
        if path.startswith(mount["mountPath"] + "/")
    )
    return found


class Objects(unittest.TestCase):
    def test_have_known_fields_and_all_required_ones(self):
        self.assertEqual(len(FILES), 10)
        for path, loaded in FILES.items():
            shape = kubernetes.SHAPES[loaded["kind"]]
            self.assertEqual(list(kubernetes.complaints(loaded, shape)), [], path)

    def test_selectors_match_the_labels(self):
        for name, workload in WORKLOADS.items():
            labels = workload["spec"]["template"]["metadata"]["labels"]
            wanted = workload["spec"]["selector"]["matchLabels"]
            self.assertEqual({**labels, **wanted}, labels, name)

    def test_volumes_that_are_mounted_exist_and_no_others(self):
        for name, workload in WORKLOADS.items():
            volumes = [volume["name"] for volume in pod(workload)["volumes"]]
            mounted = {m["name"] for c in containers(workload) for m in c["volumeMounts"]}
            self.assertEqual(sorted(mounted), sorted(volumes), name)
            for volume in pod(workload)["volumes"]:
                self.assertEqual(len(volume), 2, f"{name}: a name and one source")

    def test_maps_and_secrets_exist_or_the_page_makes_them(self):
        maps = {o["metadata"]["name"] for o in OBJECTS.values() if o["kind"] == "ConfigMap"}
        made = {o["spec"]["secretName"] for o in OBJECTS.values() if o["kind"] == "Certificate"}
        made |= {
            f"credmint-token-{role}"
            for roles in re.findall(r"^for role in (.*); do$", PAGE, re.MULTILINE)
            for role in roles.split()
        }
        for name, workload in WORKLOADS.items():
            for volume in pod(workload)["volumes"]:
                if "configMap" in volume:
                    self.assertIn(volume["configMap"]["name"], maps, name)
                sources = volume.get("projected", {}).get("sources", ())
                wanted = {source["secret"]["name"] for source in sources}
                wanted |= {volume["secret"]["secretName"]} if "secret" in volume else set()
                self.assertLessEqual(wanted, made, name)

    def test_containers_are_restricted(self):
        """The rest of "restricted" is in the shapes."""
        for name, workload in WORKLOADS.items():
            for container in containers(workload):
                self.assertGreater(user_of(workload, container), 0, name)
                self.assertLessEqual(
                    {"cpu", "memory"}, set(container["resources"]["limits"]), name
                )

    def test_private_files_are_for_root_and_the_group(self):
        for name, workload in WORKLOADS.items():
            for volume in pod(workload)["volumes"]:
                for kind in ("secret", "projected"):
                    if kind in volume:
                        self.assertEqual(volume[kind]["defaultMode"], 0o440, name)

    def test_probes_name_ports_of_their_container(self):
        for name, workload in WORKLOADS.items():
            for container in containers(workload):
                ports = {port["name"] for port in container.get("ports", ())}
                for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                    if kind in container:
                        self.assertIn(container[kind]["httpGet"]["port"], ports, name)

    def test_the_policy_is_about_the_pods_and_their_port(self):
        policy, daemons = OBJECTS["node/network-policy"]["spec"], OBJECTS["node/daemonset"]
        labels = daemons["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(policy["podSelector"]["matchLabels"], labels)
        (ingress,) = policy["ingress"]
        (port,) = ingress["ports"]
        self.assertEqual(port["port"], credmint_of("node/daemonset")["ports"][0]["name"])
        (peer,) = ingress["from"]
        namespace = OBJECTS["node/client"]["metadata"]["namespace"]
        selected = peer["namespaceSelector"]["matchLabels"]
        self.assertEqual(selected, {"kubernetes.io/metadata.name": namespace})

    def test_kustomizations_name_the_files_and_the_images(self):
        for path, loaded in FILES.items():
            if loaded["kind"] != "Kustomization":
                continue
            there = {each.name for each in path.parent.glob("*.yaml")}
            there -= {path.name, "client.yaml"}
            self.assertEqual(set(loaded["resources"]), there, path)
            images = {
                container["image"]
                for name, workload in WORKLOADS.items()
                if name.startswith(f"{path.parent.name}/") and not name.endswith("/client")
                for container in containers(workload)
            }
            self.assertEqual(
                {f"{image['name']}:{image['newTag']}" for image in loaded["images"]}, images
            )

    def test_images_have_neither_a_registry_nor_a_version(self):
        for workload in WORKLOADS.values():
            for container in containers(workload):
                self.assertRegex(container["image"], r"\A[a-z]+:VERSION\Z")


class Agreement(unittest.TestCase):
    """Between the objects, the configuration and the program."""

    def test_ports(self):
        for folder, workload in (("sidecar", "deployment"), ("node", "daemonset")):
            served = tomllib.loads(CONFIGS[folder])["serve"]
            ports = {
                port["name"]: port["containerPort"]
                for port in credmint_of(f"{folder}/{workload}")["ports"]
            }
            self.assertEqual(served["status-listen"], f"0.0.0.0:{ports['status']}")
            self.assertEqual(ports.get("credentials", 9911), 9911, "the default port")

    def test_users_and_groups(self):
        workload = WORKLOADS["sidecar/deployment"]
        role = tomllib.loads(CONFIGS["sidecar"])["role"]["web"]
        (container,) = pod(workload)["containers"]
        self.assertEqual(role["allow-users"], [str(user_of(workload, container))])
        for folder, name in (("sidecar", "deployment"), ("node", "daemonset")):
            config = tomllib.loads(CONFIGS[folder])
            group = {**config.get("defaults", {}), **config["role"]["web"]}["token-group"]
            owner = pod(WORKLOADS[f"{folder}/{name}"])["securityContext"]["fsGroup"]
            self.assertEqual(group, str(owner))

    def test_paths_are_in_volumes(self):
        for folder, name in (("sidecar", "deployment"), ("node", "daemonset")):
            container = credmint_of(f"{folder}/{name}")
            config = tomllib.loads(CONFIGS[folder])
            for identity in config["identity"].values():
                for key in ("certificate", "private-key"):
                    if identity[key].startswith("/"):
                        self.assertEqual(mount_of(container, identity[key]), "identity")
            for role in config["role"].values():
                self.assertIn(mount_of(container, role["token-file"]), ("token", "tokens"))
            self.assertEqual(mount_of(container, container["args"][2]), "config")

    def test_names_in_volumes_are_those_of_the_configuration(self):
        daemons, config = WORKLOADS["node/daemonset"], tomllib.loads(CONFIGS["node"])
        (tokens,) = (v["projected"] for v in pod(daemons)["volumes"] if "projected" in v)
        paths = {item["path"] for s in tokens["sources"] for item in s["secret"]["items"]}
        wanted = {os.path.basename(role["token-file"]) for role in config["role"].values()}
        self.assertEqual(paths, wanted)

    def test_clients_ask_for_a_role_at_an_address_that_sdks_accept(self):
        (port,) = (p for p in credmint_of("node/daemonset")["ports"] if "hostIP" in p)
        self.assertIn(port["hostIP"], ADDRESSES_OF_SDKS)
        for name, folder, address in (
            ("sidecar/deployment", "sidecar", "127.0.0.1:9911"),
            ("node/client", "node", f"{port['hostIP']}:{port['hostPort']}"),
        ):
            (container,) = pod(WORKLOADS[name])["containers"]
            variables = environment_of(container)
            url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
            role = url.removeprefix(f"http://{address}/role/")
            self.assertIn(role, tomllib.loads(CONFIGS[folder])["role"])
            token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
            self.assertEqual(mount_of(container, token), "token")

    def test_the_page_explains_each_field(self):
        explained = set(re.findall(r"`([^`\n]+)`", PAGE))
        for name, loaded in OBJECTS.items():
            missing = set(kubernetes.field_names(loaded)) - explained - OF_KUBERNETES
            self.assertEqual(sorted(missing), [], name)


class Configuration(SystemTest):
    def test_passes_its_check(self):
        """Only the folders are elsewhere. Files are there, as the volumes will have them."""
        program.need_back_end("handle")
        for folder, text in CONFIGS.items():
            with self.subTest(folder=folder):
                for name in ("identity", "tokens", "run"):
                    (self.folder / folder / name).mkdir(parents=True)
                for name in ("tls.crt", "tls.key"):
                    (self.folder / folder / "identity" / name).write_text("")
                here = text.replace("/etc/credmint/", f"{self.folder}/{folder}/")
                here = here.replace("/run/credmint/", f"{self.folder}/{folder}/run/")
                file = self.write(f"{folder}.toml", here)
                self.succeed("config", "check", str(file))

    def test_is_named_by_a_flag_that_serve_has(self):
        for name in ("sidecar/deployment", "node/daemonset"):
            container = credmint_of(name)
            command, flag, _ = container["args"]
            self.assertEqual(container["command"], ["credmint"])
            self.assertIn(f"  {flag} ", self.succeed(command, "--help").decode())


class Running(MintTest):
    """`serve` as a pod runs it: as its user, with volumes like those of the kubelet. Needs root."""

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            miss("root, to be the users of a pod")
        if subprocess.run(("unshare", "--mount", "true"), check=False).returncode != 0:
            miss("mount namespaces, for a root file system that is only read")
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    @classmethod
    def start_service(cls, *anchors, **options):
        config = tomllib.loads(CONFIGS["sidecar"])["role"]["web"]
        return super().start_service(
            *anchors,
            trust_anchor_arn=config["trust-anchor-arn"],
            profile_arn=config["profile-arn"],
            **options,
        )

    def setUp(self):
        super().setUp()
        let_others_run_the_program(self)
        self.folder.chmod(0o711)
        self.env = {"AWS_ENDPOINT_URL_ROLESANYWHERE": self.service.url}

    def volume(self, name, contents, group):
        """A volume of a Secret: root's files, which the group may read, behind two links each."""
        data = self.folder / name / "..2026_12_01_00_00_00.1"
        data.mkdir(parents=True)
        (self.folder / name / "..data").symlink_to(data.name)
        for each, text in contents.items():
            (data / each).write_bytes(text)
            (data / each).chmod(0o440)
            os.chown(data / each, 0, group)
            (self.folder / name / each).symlink_to(f"..data/{each}")

    def replace_volume(self, name, contents, group):
        """As the kubelet does when the Secret has changed."""
        self.volume("next", contents, group)
        volume, following = self.folder / name, self.folder / "next"
        os.rename((following / "..data").resolve(), volume / "..2026_12_02_00_00_00.2")
        os.symlink("..2026_12_02_00_00_00.2", volume / "..data_tmp")
        os.rename(volume / "..data_tmp", volume / "..data")

    def identity(self, key, leaf):
        return {"tls.crt": pki.pem(leaf), "tls.key": pki.pkcs8_pem(key)}

    def serve(self, name, text):
        workload = WORKLOADS[name]
        context = pod(workload)["securityContext"]
        user = user_of(workload, credmint_of(name))
        text = text.replace("/etc/credmint/", f"{self.folder}/")
        text = text.replace("/run/credmint/", f"{self.folder}/run/").replace(":9913", ":0")
        self.write("config.toml", text, 0o644)

        def become():
            die_with_parent()
            self.make_the_root_read_only()
            os.setgroups([context["fsGroup"], *context.get("supplementalGroups", ())])
            os.setgid(user)
            os.setuid(user)

        server = Server(self, "--config", "config.toml", "--port", "0", preexec=become)
        server.status_port = int(re.search(r"http://[0-9.]+:(\d+)/healthz", server.printed)[1])
        server.host = "127.0.0.1"
        return server

    def make_the_root_read_only(self):
        """For this process and its children. Only the volume "run", if any, stays writable."""
        if LIBC.unshare(CLONE_NEWNS) != 0:
            raise OSError("unshare")
        run = self.folder / "run"
        volume = ("mount", "--bind", str(run), str(run))
        for command in (
            ("mount", "--make-rprivate", "/"),
            *((volume,) if run.exists() else ()),
            ("mount", "-o", "remount,bind,ro", "/"),
        ):
            subprocess.run(command, check=True)

    def probe(self, name, server, kind):
        """The kubelet asks at the address of the pod."""
        probe, port = credmint_of(name)[kind]["httpGet"], server.status_port
        host = {"Host": f"10.1.2.3:{port}"}
        return server.request("GET", probe["path"], host, port=port).status

    def ask(self, server, token, role="web", user=0, group=0, host="127.0.0.1:9911"):
        """The status and body that a client of this user gets; curl reads the token's file."""
        url = f"http://127.0.0.1:{server.port}/role/{role}"
        become = ("setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={group}")
        fields = f'-H "Host: {host}" -H "Authorization: $(cat {token})"'
        command = f'curl -s -w "\\n%{{http_code}}" {fields} {url}'
        ran = subprocess.run(
            (*become, "sh", "-ec", command),
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        body, _, status = ran.stdout.rpartition("\n")
        return int(status), body

    def test_the_sidecar(self):
        name, workload = "sidecar/deployment", WORKLOADS["sidecar/deployment"]
        group = pod(workload)["securityContext"]["fsGroup"]
        self.volume("identity", self.identity(self.key, self.leaf), group)
        run = self.folder / "run"  # an emptyDir
        run.mkdir()
        os.chown(run, 0, group)
        run.chmod(0o2777)
        server = self.serve(name, CONFIGS["sidecar"])
        wait_until(lambda: self.probe(name, server, "startupProbe") == 200)
        for kind in ("readinessProbe", "livenessProbe"):
            self.assertEqual(self.probe(name, server, kind), 200)

        (program_of_pod,) = pod(workload)["containers"]
        user = user_of(workload, program_of_pod)
        status, body = self.ask(server, run / "web.token", user=user, group=group)
        self.assertEqual(status, 200, body)
        self.assertEqual(json.loads(body)["AccessKeyId"], self.last_request()["access_key_id"])
        status, body = self.ask(server, run / "web.token", user=user + 7, group=group)
        self.assertEqual(status, 403, "another user")

        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        self.replace_volume("identity", self.identity(key, leaf), group)
        before = len(self.service.requests())
        server.process.send_signal(1)
        wait_until(lambda: len(self.service.requests()) > before)
        self.assertEqual(int(self.last_request()["serial"]), leaf.serial_number)

    def test_the_daemon_of_a_node(self):
        """Its key and certificate are in a TPM, and tokens come from Secrets, each for its role."""
        name, workload = "node/daemonset", WORKLOADS["node/daemonset"]
        group = pod(workload)["securityContext"]["fsGroup"]
        tokens = {role: os.urandom(32).hex() for role in ("web", "backup")}
        self.volume("tokens", {role: text.encode() for role, text in tokens.items()}, group)
        server = self.serve(name, self.with_a_tpm(CONFIGS["node"]))
        wait_until(lambda: self.probe(name, server, "readinessProbe") == 200)
        self.assertEqual(self.probe(name, server, "livenessProbe"), 200)
        files = {role: self.folder / "tokens" / role for role in tokens}
        (port, *_) = credmint_of(name)["ports"]
        for role, file in files.items():
            self.assertEqual(self.ask(server, file, role, host=port["hostIP"])[0], 200, role)
        self.assertEqual(self.ask(server, files["web"], "backup")[0], 401)
        self.assertEqual(self.ask(server, "/dev/null", "web")[0], 401)
        self.assertEqual(server.request("PUT", "/latest/api/token").status, 403)

        self.replace_volume("tokens", {role: b"0" * 64 for role in tokens}, group)
        server.process.send_signal(1)
        wait_until(lambda: self.ask(server, files["web"])[0] == 200)

    def with_a_tpm(self, text):
        """The configuration with another TPM: swtpm, with the key and the index that it names."""
        identity = tomllib.loads(text)["identity"]["node"]
        folder = make_folder(self)
        folder.chmod(0o711)
        device = tpm.Tpm(self, folder / "t")
        public = device.make_persistent(identity["private-key"].removeprefix("handle:"))
        index = identity["certificate"].removeprefix("nv:")
        device.write_nv(index, pki.der(self.root.issue(public)))
        (folder / "t").chmod(0o711)
        for socket in ("s", "s.ctrl"):  # as the supplemental group has the device
            (folder / "t" / socket).chmod(0o666)
        return text.replace(identity["tcti"], device.tcti)

    def test_a_token_that_is_none_stops_the_daemon(self):
        """With a newline, for example, or in a Secret that everybody may read."""
        program.need_back_end("handle")
        group = pod(WORKLOADS["node/daemonset"])["securityContext"]["fsGroup"]
        self.volume("tokens", {"web": b"0" * 64, "backup": b"0" * 64 + b"\n"}, group)
        with self.assertRaises(AssertionError) as raised:
            self.serve("node/daemonset", CONFIGS["node"])
        self.assertIn("64 hexadecimal digits without a newline", str(raised.exception))
        self.assertIn(f"status {program.LOCAL_IO} ", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
