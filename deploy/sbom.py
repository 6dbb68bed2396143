#!/usr/bin/env python3
"""Writes an SBOM (SPDX 2.3, JSON) of a release to standard output.

    sbom.py --version V --source FOLDER --programs FOLDER --files FOLDER

Libraries are those that the programs are linked with, as dpkg knows them here; of the page,
what package-lock.json names. Dates come from SOURCE_DATE_EPOCH: the same input, the same bytes.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

NONE = "NOASSERTION"


def identifier(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"sbom.py: {' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def package(name, version, purl, **more):
    return {"SPDXID": identifier("Package", f"{name}-{version}"), "name": name,
            "versionInfo": version, "downloadLocation": NONE, "filesAnalyzed": False,
            "licenseConcluded": NONE, "licenseDeclared": NONE, "copyrightText": NONE,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": purl}]} | more


def libraries(programs):
    """Debian's packages of what the programs are linked with directly, without their own."""
    needed = set()
    own = sorted(programs.parent.glob("client/libpsephos.so*"))[:1]  # packages link with it
    for program in [*programs.iterdir(), *own]:
        lines = output("readelf", "-d", program).splitlines()
        needed |= {found.group(1) for line in lines
                   if (found := re.search(r"\(NEEDED\).*\[(.+)\]", line))}
    paths = {}
    for line in output("/sbin/ldconfig", "-p").splitlines():
        name, _, path = line.strip().partition(" => ")
        paths.setdefault(name.split(" ")[0], path)
    found = {}
    for name in sorted(one for one in needed if not one.startswith("libpsephos.so")):
        real = os.path.realpath(paths.get(name) or sys.exit(f"sbom.py: {name} is not installed"))
        owner = subprocess.run(["dpkg", "-S", real], capture_output=True, text=True)
        if owner.returncode != 0:  # since the merge of /usr dpkg may know it by the old path
            owner = subprocess.run(["dpkg", "-S", real.removeprefix("/usr")],
                                   capture_output=True, text=True)
        if owner.returncode != 0:
            sys.exit(f"sbom.py: no package owns {real}")
        found[owner.stdout.split(":")[0]] = None
    for name in sorted(found):
        version, arch, source = output("dpkg-query", "-W", "-f",
                                       "${Version}\t${Architecture}\t${source:Package}\n",
                                       name).splitlines()[0].split("\t")
        yield package(name, version, f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}"
                                     f"?arch={arch}&distro={distribution()}",
                      sourceInfo=f"Debian source package {source}", supplier="Organization: Debian")


def distribution():
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    return "debian-" + re.search(r'^VERSION_ID="?([0-9.]+)', text, re.MULTILINE).group(1)


def npm_packages(lock):
    """(package, whether it is only for building) of each in package-lock.json."""
    for path, about in sorted(json.loads(lock.read_text(encoding="utf-8"))["packages"].items()):
        if not path or about.get("optional"):
            continue
        name = path.rpartition("node_modules/")[2]
        algorithm, _, digest = about["integrity"].partition("-")
        purl = f"pkg:npm/{name.replace('@', '%40')}@{about['version']}"
        yield package(name, about["version"], purl,
                      downloadLocation=about.get("resolved", NONE),
                      licenseDeclared=about.get("license", NONE),
                      checksums=[{"algorithm": algorithm.upper(),
                                  "checksumValue": base64.b64decode(digest).hex()}]), \
            about.get("dev", False) or name == "esbuild"


def released(folder, version):
    for path in sorted(folder.iterdir()):
        yield {"SPDXID": identifier("File", path.name), "fileName": f"./{path.name}",
               "checksums": [{"algorithm": name.upper(), "checksumValue":
                              hashlib.new(name, path.read_bytes()).hexdigest()}
                             for name in ("sha1", "sha256")],
               "licenseConcluded": NONE, "copyrightText": NONE,
               "comment": f"of Psephos {version}"}


def main():
    parser = argparse.ArgumentParser(description="Writes an SBOM (SPDX 2.3) of a release.")
    parser.add_argument("--version", required=True)
    for option in ("--source", "--programs", "--files"):
        parser.add_argument(option, required=True, type=Path)
    options = parser.parse_args()
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")),
                                           datetime.timezone.utc)
    own = package("psephos", options.version, f"pkg:generic/psephos@{options.version}",
                  licenseConcluded="MIT", licenseDeclared="MIT",
                  primaryPackagePurpose="APPLICATION", supplier="Organization: The Psephos authors")
    files = list(released(options.files, options.version))
    packages, relations = [own], [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
    for one in libraries(options.programs):
        packages.append(one)
        relations.append((own["SPDXID"], "DEPENDS_ON", one["SPDXID"]))
    for one, builds in npm_packages(options.source / "dashboard" / "package-lock.json"):
        packages.append(one)
        relations.append((one["SPDXID"], "BUILD_DEPENDENCY_OF" if builds else "DEPENDENCY_OF",
                          own["SPDXID"]))
    relations += [(own["SPDXID"], "GENERATES", one["SPDXID"]) for one in files]
    content = json.dumps([packages, files], sort_keys=True)
    json.dump({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"psephos-{options.version}",
        "documentNamespace": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "creationInfo": {"created": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Tool: psephos-release",
                                      "Organization: The Psephos authors"]},
        "packages": packages, "files": files,
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
                          for a, kind, b in relations],
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
