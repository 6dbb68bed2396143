"""`deploy/nginx/psephos.conf` in nginx, and the headers that docs/publishing.md promises."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from harness import ROOT, run_psephos, wait_until
from test_publish import counted  # noqa: F401

CONFIG = ROOT / "deploy" / "nginx" / "psephos.conf"
PORT = 18437


@pytest.fixture
def served(counted, tmp_path):  # noqa: F811
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    site = tmp_path / "site"
    tmp_path.chmod(0o755)
    run_psephos("publish", "--api", counted.api, "--to", site, "--no-page", "--once", check=0)
    (site / "index.html").write_text("<html></html>")
    text = CONFIG.read_text().replace("/srv/psephos/public", str(site))
    text = re.sub(r"listen 80;", f"listen 127.0.0.1:{PORT};", text).replace("listen [::]:80;", "")
    (tmp_path / "psephos.conf").write_text(text)
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"user root;\ndaemon off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {folders} include {tmp_path}/psephos.conf; }}\n")
    process = subprocess.Popen(["nginx", "-e", tmp_path / "error.log", "-c",
                                tmp_path / "nginx.conf"])
    try:
        wait_until(lambda: asked("/latest.json"), what="nginx")
        yield site
    finally:
        process.terminate()
        process.wait()


def asked(path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return None


def promised():
    text = (ROOT / "docs" / "publishing.md").read_text()
    return dict(re.findall(r"^\| `(/[a-z./]+)` \| `(public[^`]*)` \| `\*` \|$", text, re.M))


def test_headers_are_those_that_are_promised(served):
    index = json.loads((served / "latest.json").read_text())["index"]
    csv = next((served / "latest").iterdir()).name
    paths = {"/v/": f"/{index}", "/latest.json": "/latest.json", "/latest/": f"/latest/{csv}"}
    assert set(promised()) == set(paths)
    for prefix, cache in promised().items():
        status, headers, body = asked(paths[prefix])
        assert (status, headers["Cache-Control"]) == (200, cache), prefix
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert body == (served / paths[prefix][1:]).read_bytes()
    assert asked(f"/latest/{csv}")[1]["Content-Type"] == "text/csv; charset=utf-8"
    assert asked(f"/{index}", **{"Accept-Encoding": "gzip"})[1]["Content-Encoding"] == "gzip"
    assert asked("/")[1]["Cache-Control"] == "no-cache"
    assert "frame-ancestors *" in asked("/")[1]["Content-Security-Policy"]
    for hidden in ("/.lock", "/v/.new-x.json", "/v/none.json"):
        assert asked(hidden)[0] == 404, hidden
