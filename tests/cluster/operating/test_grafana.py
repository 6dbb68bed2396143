"""The Grafana dashboard asks for metrics that a collector has, and for all of them."""

import json
import re
import shutil
import subprocess

import pytest

from harness import ROOT, run_psephos

FOLDER = ROOT / "deploy/grafana"


def metrics_exposed():
    text = (ROOT / "collector/api/operation/metrics.c").read_text()
    return set(re.findall(r'head\(text, "(psephos_\w+)"', text))


def metrics_asked_for():
    dashboard = json.loads((FOLDER / "dashboards/psephos.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = set(re.findall(r"psephos_\w+", " ".join(expressions)))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def test_every_metric_is_shown_and_exists():
    assert metrics_asked_for() == metrics_exposed()


def test_the_panels_use_the_data_source_that_is_provisioned():
    uid = re.search(r"uid: (\S+)", (FOLDER / "provisioning/datasources/psephos.yaml").read_text())[
        1
    ]
    dashboard = json.loads((FOLDER / "dashboards/psephos.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {uid}


# ---- promtool (Debian: prometheus), where it is installed ----

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not installed"
)


def promtool(*arguments, **options):
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "linting" not in done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_the_metrics_of_a_collector_are_valid(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2)
    status, _, text = one.get("/metrics", local=True)
    assert status == 200
    promtool("check", "metrics", input=text.decode())


def votes_told(one):
    text = one.get("/metrics", local=True)[2].decode()
    found = re.findall(r'^psephos_votes{contest="(.*?)",choice="(.*?)"} (\d+)$', text, re.M)
    return {(contest, choice): int(votes) for contest, choice, votes in found}


@pytest.mark.parametrize("publication", ["immediate", "reports"])
def test_votes_are_those_that_are_shown(cluster, fixture_file, tmp_path, publication):
    returns = fixture_file("sparse.csv")
    run_psephos("import", returns, "--out", tmp_path / "e", "--keep-all", "--publication",
                publication, check=0)
    one = cluster(tmp_path / "e" / "election.json", shards=2)
    one.cast("--returns", returns, "--keep-all", "--seed", 1)
    shown = {(row["contest"], choice["choice"]): choice["votes"]
             for row in one.get_json("/api/v1/results?limit=1000")["results"]
             for choice in row["choices"] or []}
    assert votes_told(one) == shown
    assert bool(shown) == (publication == "immediate")


@needs_promtool
def test_the_alerts_and_the_configuration_are_valid(tmp_path):
    assert "SUCCESS" in promtool("check", "rules", ROOT / "deploy/prometheus/psephos.rules.yml")
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(
        re.sub(r"(?m)^(\s*- ).*psephos\.rules\.yml.*$", r"\1psephos.rules.yml", text)
    )
    shutil.copy(ROOT / "deploy/prometheus/psephos.rules.yml", tmp_path)
    assert "SUCCESS" in promtool("check", "config", tmp_path / "prometheus.yml")


@needs_promtool
def test_every_question_of_the_dashboard_is_promql(tmp_path):
    dashboard = json.loads((FOLDER / "dashboards/psephos.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [
        {"record": f"panel:{i}", "expr": expr.replace("$__rate_interval", "1m")}
        for i, expr in enumerate(asked)
    ]
    # JSON is YAML, too.
    (tmp_path / "panels.yml").write_text(
        json.dumps({"groups": [{"name": "panels", "rules": rules}]})
    )
    assert f"{len(asked)} rules found" in promtool("check", "rules", tmp_path / "panels.yml")
