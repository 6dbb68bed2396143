"""TLS in the gateway, its certificate renewed under way, or in a proxy; and pages of others."""

import os
import re
import shutil
import ssl
import subprocess
import time

import psephos
import pytest

from casting import add, ballot, free_port, ndjson, post, request, with_gateway
from harness import BIN, FIXTURES, ROOT, wait_until

TOWN = FIXTURES / "town.json"


@pytest.fixture
def own(cluster, tmp_path):
    """start(*options) -> address: the cluster's gateway, started by hand."""
    one, address = with_gateway(cluster, TOWN, shards=1)
    started = []

    def start(*options, check=True, http=None):
        if not started:
            one.kill("gateway")
        for process in started:
            process.kill()
            process.wait()
        if http:
            text = (one.directory / "cluster.json").read_text()
            (one.directory / "cluster.json").write_text(text.replace(address, http))
        log = open(tmp_path / "gateway.log", "ab")
        process = subprocess.Popen([BIN / "psephos-gateway", "--cluster",
                                    one.directory / "cluster.json", "--gateway", "0", *options],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        started.append(process)
        local = one.description["gateways"][0]["http_local"]
        if check:
            wait_until(lambda: process.poll() is None and ready(local), what="the gateway")
        else:
            process.wait(timeout=20)
        return process

    def ready(local):
        try:
            return request(local, "GET", "/readyz")[0] == 200
        except OSError:
            return False

    yield one, address, start, tmp_path / "gateway.log"
    for process in started:
        process.kill()
        process.wait()


def certificate(folder, name, days=2):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days),
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
                   check=True, capture_output=True)
    return folder / f"{name}.pem", folder / f"{name}.key"


def served(address):
    host, _, port = address.partition(":")
    return ssl.get_server_certificate((host, int(port)))


def test_a_renewed_certificate_holds_without_a_restart(own, tmp_path):
    one, address, start, log = own
    first, first_key = certificate(tmp_path, "first")
    second, second_key = certificate(tmp_path, "second")
    used, used_key = tmp_path / "used.pem", tmp_path / "used.key"
    shutil.copy(first, used)
    shutil.copy(first_key, used_key)
    process = start("--tls-certificate", used, "--tls-key", used_key)
    assert served(address) == first.read_text()
    token = add(one, "web")
    context = ssl.create_default_context(cafile=first)
    gateway = psephos.Gateway(f"https://{address}", token, context)
    many = [ballot(f"v{i}") for i in range(20000)]
    assert {v["disposition"] for v in gateway.cast(many, give_up_s=60)} == {"counted"}
    # Only one of the two files is there yet: the pair does not fit, and the one before stays.
    shutil.copy(second, used)
    time.sleep(1.2)
    assert served(address) == first.read_text()
    assert b"is not the key of" in log.read_bytes()
    shutil.copy(second_key, used_key)
    wait_until(lambda: served(address) == second.read_text(), what="the renewed certificate")
    used.write_text("no certificate")
    time.sleep(1.2)
    assert served(address) == second.read_text()
    context = ssl.create_default_context(cafile=second)
    verdicts = psephos.Gateway(f"https://{address}", token, context).cast([ballot("w")])
    assert verdicts[0]["disposition"] == "counted" and process.poll() is None
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        old = ssl.create_default_context(cafile=second)
        old.minimum_version = old.maximum_version = version
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            psephos.Gateway(f"https://{address}", token, old).cast([ballot("w")], give_up_s=0)
            assert version != ssl.TLSVersion.TLSv1_1
        except psephos.Unfinished:
            assert version == ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        post(address, token, [ballot("x")], timeout=5)  # plain HTTP


def test_a_pair_that_does_not_fit_is_refused_at_the_start(own, tmp_path):
    _, _, start, log = own
    first, first_key = certificate(tmp_path, "first")
    second, second_key = certificate(tmp_path, "second")
    for options, why in [((first, second_key), b"is not the key of"),
                         ((tmp_path / "none", first_key), b"none: not found"),
                         ((first_key, first_key), b"first.key")]:
        process = start("--tls-certificate", options[0], "--tls-key", options[1], check=False)
        assert process.returncode == 1 and why in log.read_bytes().splitlines()[-1]
    for options in (["--tls-key", first_key], ["--plain", "--tls-certificate", first, "--tls-key",
                                               first_key]):
        done = subprocess.run([BIN / "psephos-gateway", "--cluster", "c", "--gateway", "0",
                               *options], capture_output=True)
        assert done.returncode == 2


def test_without_tls_only_the_loopback_interface_will_do(own):
    one, _, start, log = own
    other = f"0.0.0.0:{free_port()}"
    process = start(check=False, http=other)
    assert process.returncode == 1
    assert b"--plain when a proxy" in log.read_bytes().splitlines()[-1]
    start("--plain")
    status, _, _ = request("127.0.0.1:" + other.rpartition(":")[2], "GET", "/readyz")
    assert status == 200


def test_pages_of_the_allowed_origin_may_cast_and_no_others(own):
    one, address, start, _ = own
    token = add(one, "web")
    origin = "https://vote.example.org"
    start("--allow-origin", origin)
    for asks, allowed in ((origin, origin), ("https://evil.example.org", None), (None, None)):
        headers = {"Origin": asks} if asks else {}
        status, got, _ = request(address, "OPTIONS", "/api/v1/ballots", headers=headers | {
            "Access-Control-Request-Method": "POST"})
        assert status == 204 and got["Access-Control-Allow-Origin"] == allowed
        status, got, _ = post(address, token, [ballot("a")], headers)
        assert status == 200 and got["Access-Control-Allow-Origin"] == allowed
        assert got["Vary"] == "Origin"
        assert post(address, None, b"", headers)[1]["Access-Control-Allow-Origin"] == allowed
    status, got, _ = request(address, "OPTIONS", "/api/v1/ballots", headers={"Origin": origin})
    assert {h.strip() for h in got["Access-Control-Allow-Headers"].split(",")} == {
        "Authorization", "Content-Type"}
    start("--allow-origin", "*")
    assert post(address, token, [ballot("a")], {"Origin": "https://any.example.org"})[1][
        "Access-Control-Allow-Origin"] == "*"


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx here (Debian: nginx-light)")
def test_the_example_of_nginx_casts_over_tls(cluster, tmp_path):
    one, address = with_gateway(cluster, TOWN, shards=2)
    token = add(one, "web")
    pem, key = certificate(tmp_path, "vote")
    port = free_port()
    text = (ROOT / "deploy" / "nginx" / "psephos-gateway.conf").read_text()
    for wanted, ours in (("server 127.0.0.1:8090;", f"server {address};"),
                         ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
                         ("/etc/ssl/vote.example.org.pem", str(pem)),
                         ("/etc/ssl/private/vote.example.org.key", str(key))):
        assert wanted in text
        text = text.replace(wanted, ours)
    (tmp_path / "site.conf").write_text(text)
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nworker_processes 1;\n"
        + ("user root;\n" if os.getuid() == 0 else "")
        + f"events {{}}\nhttp {{\naccess_log off;\n{folders}include {tmp_path}/site.conf;\n}}\n")
    nginx = subprocess.Popen(["nginx", "-p", tmp_path, "-c", tmp_path / "nginx.conf"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        context = ssl.create_default_context(cafile=pem)
        gateway = psephos.Gateway(f"https://127.0.0.1:{port}", token, context)
        many = [ballot(f"v{i}") for i in range(20000)]
        verdicts = gateway.cast(many, give_up_s=60)
        assert [v["ballot_id"] for v in verdicts] == [b["ballot_id"] for b in many]
        assert {v["first"] for v in verdicts} == {"counted"}
        # Away for a while: unknown, and the client goes on when it is back.
        one.kill("gateway")
        with pytest.raises(psephos.Unfinished):
            gateway.cast([ballot("late")], give_up_s=1)
        one.up()
        assert gateway.cast([ballot("late")], give_up_s=30)[0]["first"] == "counted"
        with pytest.raises(psephos.Refused) as refused:
            psephos.Gateway(f"https://127.0.0.1:{port}", "x", context).cast([ballot("a")])
        assert refused.value.status == 401
        assert len(ndjson(many) * 8) > 16 << 20
        big = psephos.Gateway(f"https://127.0.0.1:{port}", token, context)
        with pytest.raises((psephos.Refused, psephos.Unfinished)):
            big._parts = lambda lines: [list(range(len(lines)))]
            big.cast(many * 8, give_up_s=0)
        assert not re.search(r"\[(emerg|alert|crit)\]", (tmp_path / "error.log").read_text())
    finally:
        nginx.terminate()
        nginx.wait(timeout=20)
