"""Requests that two programs may understand in two ways, and what is for operators only."""

import json
import shutil
import socket
import urllib.parse

import pytest

from harness import ROOT


@pytest.fixture
def demo(import_returns):
    return import_returns(ROOT / "demo" / "vermont-2020-county.csv")


def raw(url, data):
    """All that comes until the other side closes."""
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname, at.port), 10) as made:
        made.sendall(data)
        got = b""
        try:
            while piece := made.recv(65536):
                got += piece
        except ConnectionResetError:
            pass  # closed with bytes unread: what was answered came before
        return got


AFTER = b"GET /api/v1/turnout HTTP/1.1\r\nHost: x\r\n\r\n"
BODIES = {
    "a body": b"Content-Length: 4\r\n\r\nabcd",
    "a body that is not there": b"Content-Length: 4\r\n\r\n",
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 30\r\n\r\n",
    "another coding": b"Transfer-Encoding: identity\r\n\r\n",
    "a coding with a blank": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"Host: y\r\n\r\n",
    "a control character": b"X: a\x01b\r\n\r\n",
    "a carriage return": b"X: a\rY: b\r\n\r\n",
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_body_is_400_and_the_end(cluster, demo, method):
    one = cluster(demo, shards=1)
    for what, rest in BODIES.items():
        for url in (one.api, one.api_local):
            got = raw(url, f"{method} /healthz HTTP/1.1\r\nHost: x\r\n".encode() + rest + AFTER)
            assert got.startswith(b"HTTP/1.1 400 "), (what, got)
            assert got.count(b"HTTP/1.1 ") == 1, (what, got)
            assert b"\r\nconnection: close\r\n" in got.lower(), (what, got)
    empty = raw(one.api, f"{method} /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                         "Connection: close\r\n\r\n".encode())
    assert empty.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 204 ")), empty


def test_no_page_elsewhere_reads_what_is_for_operators(cluster, demo):
    one = cluster(demo, shards=1)
    origin = {"Origin": "https://evil.example"}
    for path in ("/metrics", "/cluster", "/healthz"):
        headers = one.get(path, local=True, headers=origin)[1]
        assert not [name for name in headers if name.lower().startswith("access-control-")], path
    preflight = raw(one.api_local, b"OPTIONS /cluster HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                   b"Origin: https://evil.example\r\n\r\n")
    assert b"access-control-" not in preflight.lower(), preflight
    assert one.get("/api/v1/turnout", headers=origin)[1]["Access-Control-Allow-Origin"] == "*"


def test_media_that_lead_out_of_the_folder_are_neither_copied_nor_served(cluster, demo, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"a secret of this machine")
    folder = tmp_path / "from"
    shutil.copytree(demo.parent, folder)
    described = json.loads((folder / "election.json").read_text())
    first, second = described["candidates"][:2]
    first["photo"], second["photo"] = "out.png", "in.png"
    (folder / "election.json").write_text(json.dumps(described))
    (folder / "out.png").symlink_to(secret)
    (folder / "real.png").write_bytes(b"a picture")
    (folder / "in.png").symlink_to("real.png")
    one = cluster(folder / "election.json", shards=1)
    assert not (one.directory / "out.png").exists()
    assert one.get(f"/api/v1/candidates/{first['id']}/photo")[0] == 404
    assert one.get(f"/api/v1/candidates/{second['id']}/photo")[2] == b"a picture"
    # Nor when the link was laid into the cluster's own folder.
    (one.directory / "out.png").symlink_to(secret)
    one.down()
    one.up()
    assert one.get(f"/api/v1/candidates/{first['id']}/photo")[0] == 404


def test_csv_for_a_spreadsheet_calculates_nothing(cluster, demo, tmp_path):
    folder = tmp_path / "from"
    shutil.copytree(demo.parent, folder)
    described = json.loads((folder / "election.json").read_text())
    leaf = described["units"][-1]
    leaf["name"] = '=HYPERLINK("http://evil.example","Addison")'
    (folder / "election.json").write_text(json.dumps(described))
    one = cluster(folder / "election.json", shards=1)
    for path in ("/api/v1/results.csv?level=leaf", "/api/v1/turnout.csv?level=leaf"):
        assert b',"=HYPERLINK(' in one.get(path)[2], "verbatim"
        guarded = one.get(path + "&spreadsheet=1")[2]
        assert b",\"'=HYPERLINK(" in guarded and b',"=' not in guarded
        assert one.get(path + "&spreadsheet=2")[0] == 400
