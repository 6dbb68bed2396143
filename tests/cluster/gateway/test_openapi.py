"""gateway/openapi.json against the running gateway, by schemathesis: no 500, nothing undescribed.

schemathesis is not in Debian: PSEPHOS_SCHEMATHESIS names its command, of a venv for example:

    python3 -m venv /tmp/st && /tmp/st/bin/pip install schemathesis
    export PSEPHOS_SCHEMATHESIS=/tmp/st/bin/schemathesis
    python3 -m pytest tests/cluster/gateway/test_openapi.py
"""

import json
import os
import re
import shutil
import subprocess

import pytest

from casting import add, ballot, post, request, with_gateway
from harness import FIXTURES, ROOT

COMMAND = os.environ.get("PSEPHOS_SCHEMATHESIS") or shutil.which("schemathesis")
DOCUMENT = json.loads((ROOT / "gateway" / "openapi.json").read_text())


def test_what_is_answered_is_described(cluster):
    one, address = with_gateway(cluster, FIXTURES / "town.json")
    token = add(one, "web")
    assert json.loads(request(address, "GET", "/openapi.json")[2]) == DOCUMENT
    outcome = DOCUMENT["components"]["schemas"]["Outcome"]
    _, _, lines = post(address, token, [ballot("a"), ballot("b", unit="nowhere")])
    for line in lines:
        assert set(line) == set(outcome["required"]) == set(outcome["properties"])
        for member in ("disposition", "first"):
            assert line[member] in outcome["properties"][member]["enum"]
    example = DOCUMENT["components"]["schemas"]["Ballot"]["example"]
    assert post(address, token, [example])[2][0]["disposition"] == "counted"
    responses = DOCUMENT["paths"]["/api/v1/ballots"]["post"]["responses"]
    source = (ROOT / "gateway" / "http" / "http.c").read_text() + (
        ROOT / "gateway" / "http" / "answer.c").read_text()
    sent = set(re.findall(r"(?:send_problem\([^;]*?|return )(\d\d\d)\b", source))
    assert {"200", "400", "401", "413", "429", "503"} == set(responses)
    assert set(responses) <= sent | {"200"}


@pytest.mark.skipif(not COMMAND, reason="no schemathesis here: PSEPHOS_SCHEMATHESIS names it")
def test_schemathesis_finds_no_answer_that_should_not_be(cluster, tmp_path):
    one, address = with_gateway(cluster, FIXTURES / "town.json")
    token = add(one, "web")
    done = subprocess.run(
        [COMMAND, "run", f"http://{address}/openapi.json", "--url", f"http://{address}",
         "--header", f"Authorization: Bearer {token}", "--checks",
         "not_a_server_error,status_code_conformance,content_type_conformance,"
         "response_headers_conformance,response_schema_conformance,unsupported_method",
         "--max-examples", "300", "--seed", "1", "--no-color"],
        capture_output=True, text=True, cwd=tmp_path, timeout=900)
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert request(address, "GET", "/healthz")[0] == 200
