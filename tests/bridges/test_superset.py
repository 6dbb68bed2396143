"""Superset on the views that a bridge fills: a dataset, a chart, and what it shows."""

import os
from pathlib import Path

import pytest

from harness import ROOT
from servers import have
from servers.server import wait_for
from servers.superset import PASSWORD, USER, Superset

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
FIELD = "document.querySelector('input[name=%s], #%s')"
BUTTON = ("document.querySelector('[data-test=login-button], button[type=submit], "
          "input[type=submit]')")


def log_in(browser, url):
    browser.open(url + "/login/")
    browser.wait("!!" + FIELD % ("username", "username"))
    for name, text in (("username", USER), ("password", PASSWORD)):
        browser.run((FIELD % (name, name)) + ".focus()")
        browser.call("Input.insertText", text=text)
    browser.run(BUTTON + ".click()")
    browser.wait("!location.pathname.startsWith('/login')")


@pytest.mark.long
def test_a_chart_on_v_results_is_what_the_api_says(postgres, cluster, bridge, import_returns,
                                                  browser, tmp_path):
    one = cluster(import_returns(RETURNS))
    one.cast("--returns", RETURNS)
    conninfo = postgres.database("results")
    bridge(one, {"name": "results", "sink": {"postgres": {
        "conninfo": conninfo, "schema": "psephos", "reader": "psephos_reader"}}})
    contest = one.get_json("/api/v1/contests")["contests"][0]["id"]
    top = one.get_json(f"/api/v1/results?contest={contest}")["results"][0]
    wanted = {choice["choice"]: choice["votes"] for choice in top["choices"]}
    where = f"contest = '{contest}' AND unit = '{top['unit']}' AND method IS NULL"

    def filled():
        try:
            return dict(postgres.sql(f"SELECT choice, votes FROM psephos.v_results WHERE {where}",
                                     "results")) == wanted
        except Exception:  # the views are not there yet
            return False
    wait_for(filled, 60, "v_results as the API")
    postgres.sql("CREATE ROLE superset LOGIN PASSWORD 'only-for-tests' IN ROLE psephos_reader")
    try:
        server = Superset(tmp_path / "superset")
    except have.Missing as missing:
        pytest.skip(str(missing))
    server.start()
    try:
        server.log_in()
        dataset = server.dataset(f"postgresql+psycopg2://superset:only-for-tests@127.0.0.1:"
                                 f"{postgres.port}/results", "psephos", "v_results")
        chart, shown = server.bars(dataset, "Votes for President", "choice_name",
                                   "SUM(votes)", {"contest": contest, "level": top["level"]})
        names = dict(postgres.sql(f"SELECT choice_name, sum(votes)::bigint FROM psephos.v_results "
                                  f"WHERE {where} GROUP BY 1", "results"))
        assert shown == names and sum(shown.values()) == sum(wanted.values())
        log_in(browser, server.url)
        browser.open(f"{server.url}/explore/?slice_id={chart}")
        browser.wait("!!document.querySelector('canvas')", 90)
        if os.environ.get("PSEPHOS_PICTURES"):
            browser.run("new Promise(done => setTimeout(done, 4000))")
            browser.picture(Path(os.environ["PSEPHOS_PICTURES"]) / "superset.png")
    finally:
        server.stop()
