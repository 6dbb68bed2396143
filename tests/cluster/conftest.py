"""Fixtures of every cluster test: the programs, a running cluster, the published data.

A cluster is always taken down, and its logs are shown when its test fails.
"""

import os

import pytest

from harness import BIN, DATA, FIXTURES, Cluster, imported, run_psephos


PORTS_FIRST, PORTS_EACH = 10000, 2200


def pytest_configure(config):
    """Clusters of tests that run at the same time take ports from ranges of their own."""
    worker = getattr(config, "workerinput", {}).get("workerid")  # "gw0"
    if worker:
        first = PORTS_FIRST + int(worker[2:]) % 10 * PORTS_EACH
        os.environ["PSEPHOS_PORTS"] = f"{first}-{first + PORTS_EACH - 1}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for cluster in getattr(item, "psephos_clusters", []):
            report.sections.append((f"logs of {cluster.directory}", cluster.log_tail()))


@pytest.fixture(scope="session", autouse=True)
def programs_are_built():
    if not (BIN / "psephos").exists():
        pytest.exit(f"{BIN}/psephos is not there: ./run build first", returncode=2)


@pytest.fixture
def psephos():
    return run_psephos


@pytest.fixture
def cluster(request, tmp_path):
    """cluster(election, shards=2, up_options=[...], start=True, name="cluster") -> Cluster, up."""
    made = []
    request.node.psephos_clusters = made

    def make(election, shards=2, up_options=(), start=True, name="cluster"):
        one = Cluster(tmp_path / name, election, shards, up_options)
        made.append(one)
        if start:
            one.up()
        return one

    yield make
    for one in made:
        one.finish()


@pytest.fixture
def import_returns(tmp_path):
    return lambda returns, name="election": imported(returns, tmp_path / name)


@pytest.fixture
def data():
    """data(name): a published file beside the checkout; skips the test when it is not there."""
    def find(name):
        path = DATA / name
        if not path.exists():
            pytest.skip(f"published data not here: ../shared/data/{name}")
        return path
    return find


@pytest.fixture
def fixture_file():
    return lambda name: FIXTURES / name
