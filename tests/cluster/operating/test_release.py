"""The SBOM of a release: every library and every npm package, and the files by their hashes."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import BIN, ROOT


@pytest.fixture
def sbom(tmp_path):
    if not shutil.which("readelf") or not shutil.which("dpkg-query"):
        pytest.skip("readelf or dpkg is not here: ./run release installs what it needs")
    (tmp_path / "psephos-1.tar.gz").write_bytes(b"the source")

    def make(**environment):
        done = subprocess.run(
            [sys.executable, ROOT / "deploy" / "sbom.py", "--version", "1", "--source", ROOT,
             "--programs", BIN, "--files", tmp_path], capture_output=True, text=True,
            env=os.environ | {"SOURCE_DATE_EPOCH": "1600000000"} | environment)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return make


def test_the_sbom_names_all_that_is_inside(sbom):
    text = sbom()
    document = json.loads(text)
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["creationInfo"]["created"] == "2020-09-13T12:26:40Z"
    names = [one["name"] for one in document["packages"]]
    for library in ("libzmq5", "libraft", "liblmdb0", "libsodium23", "libjansson4", "libc6"):
        assert any(name.startswith(library) for name in names), library
    lock = json.loads((ROOT / "dashboard" / "package-lock.json").read_text())["packages"]
    for path, about in lock.items():
        if path and not about.get("optional"):
            name = path.rpartition("node_modules/")[2]
            assert [one for one in document["packages"]
                    if (one["name"], one["versionInfo"]) == (name, about["version"])], path
    assert document["files"][0]["checksums"][1]["checksumValue"] == \
        hashlib.sha256(b"the source").hexdigest()
    assert text == sbom(), "the same input, the same bytes"


def test_the_sbom_holds_together(sbom):
    document = json.loads(sbom())
    known = {one["SPDXID"] for one in document["packages"] + document["files"]}
    assert len(known) == len(document["packages"] + document["files"]), "an ID twice"
    for one in known:
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one), one
    related = set()
    for relation in document["relationships"]:
        ends = {relation["spdxElementId"], relation["relatedSpdxElement"]}
        assert ends <= known | {"SPDXRef-DOCUMENT"}, relation
        related |= ends
    assert known <= related, "each is said to belong to something"
