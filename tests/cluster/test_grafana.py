"""The Grafana dashboard asks for metrics that a collector has, and for all of them."""

import json
import re

from harness import ROOT

FOLDER = ROOT / "deploy/grafana"


def metrics_exposed():
    text = (ROOT / "collector/api_metrics.c").read_text()
    return set(re.findall(r'head\(text, "(psephos_\w+)"', text))


def metrics_asked_for():
    dashboard = json.loads((FOLDER / "dashboards/psephos.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = set(re.findall(r"psephos_\w+", " ".join(expressions)))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def test_every_metric_is_shown_and_exists():
    assert metrics_asked_for() == metrics_exposed()


def test_the_panels_use_the_data_source_that_is_provisioned():
    uid = re.search(r"uid: (\S+)", (FOLDER / "provisioning/datasources/psephos.yaml").read_text())[1]
    dashboard = json.loads((FOLDER / "dashboards/psephos.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {uid}
