"""Fixtures of the tests with real servers: a broker, a search node, a database, a browser.

What cannot be had skips a test with the reason. A server that is named by PSEPHOS_KAFKA
(host:port), PSEPHOS_OPENSEARCH (URL) or PSEPHOS_POSTGRES (conninfo without dbname) is used as it
is, and a test that has to kill one is then skipped.
"""

import os

import pytest

from harness import BIN, DATA, FIXTURES, Cluster, imported
from programs import Bridge, fetched_demos
from servers import have
from servers.browser import Browser
from servers.kafka import Kafka, Topics
from servers.opensearch import Index, OpenSearch
from servers.postgres import Postgres


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the campaigns, too")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: a campaign, run with --long only")
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")  # of what is fetched


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.psephos_left_out = left_out


def pytest_terminal_summary(terminalreporter, config):
    for item in getattr(config, "psephos_left_out", []):
        terminalreporter.write_line(f"left out without --long: {item.nodeid}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for cluster in getattr(item, "psephos_clusters", []):
            report.sections.append((f"logs of {cluster.directory}", cluster.log_tail()))
        for server in getattr(item, "psephos_servers", []):
            report.sections.append((f"{server.name} in {server.folder}", server.tail()))


@pytest.fixture(scope="session", autouse=True)
def programs_are_built():
    if not (BIN / "psephos").exists():
        pytest.exit(f"{BIN}/psephos is not there: ./run build first", returncode=2)


def had(make, *arguments, **settings):
    """make(...), or the test is skipped with what is missing."""
    try:
        return make(*arguments, **settings)
    except have.Missing as missing:
        pytest.skip(str(missing))


def need_packages():
    had(have.python, "tests", True)


def named(variable):
    address = os.environ.get(variable)
    return address or None


# ---- servers that tests share: each uses names of its own in them ----

@pytest.fixture(scope="session")
def kafka_address(tmp_path_factory):
    """host:port of a broker that nobody kills."""
    need_packages()
    if named("PSEPHOS_KAFKA"):
        yield named("PSEPHOS_KAFKA")
        return
    server = had(Kafka, tmp_path_factory.mktemp("kafka"))
    server.start()
    yield server.address
    server.kill()


@pytest.fixture
def topics(kafka_address):
    return Topics(kafka_address)


@pytest.fixture(scope="session")
def opensearch_url(tmp_path_factory):
    if named("PSEPHOS_OPENSEARCH"):
        yield named("PSEPHOS_OPENSEARCH")
        return
    server = had(OpenSearch, tmp_path_factory.mktemp("opensearch"))
    server.start()
    yield server.url
    server.kill()


@pytest.fixture
def index(opensearch_url):
    return Index(opensearch_url)


class GivenPostgres:
    """PSEPHOS_POSTGRES: what tests ask of a server that is not ours to start."""

    def __init__(self, conninfo):
        self.conninfo = conninfo
        self.port = dict(part.split("=", 1) for part in conninfo.split()).get("port", "5432")

    connect, sql, database = Postgres.connect, Postgres.sql, Postgres.database


@pytest.fixture(scope="session")
def postgres():
    """`sql(text, database)`, `database(name)` -> conninfo, `connect(database)`."""
    need_packages()
    if named("PSEPHOS_POSTGRES"):
        yield GivenPostgres(named("PSEPHOS_POSTGRES"))
        return
    server = had(Postgres, fsync="off")  # nobody kills this one
    try:
        yield server.start()
    finally:
        server.remove()


# ---- servers of one test, which it may kill and start again ----

@pytest.fixture
def own(request, tmp_path):
    """own(Kafka | OpenSearch | Postgres, **settings) -> the server, started."""
    made = []
    request.node.psephos_servers = made
    variables = {Kafka: "PSEPHOS_KAFKA", OpenSearch: "PSEPHOS_OPENSEARCH",
                 Postgres: "PSEPHOS_POSTGRES"}

    def make(kind, **settings):
        if named(variables[kind]):
            pytest.skip(f"{variables[kind]} names a server that is not ours to kill")
        need_packages()
        folders = [] if kind is Postgres else [tmp_path / f"{kind.name}-{len(made)}"]
        server = had(kind, *folders, **settings)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.kill()
        if isinstance(server, Postgres):
            server.remove()


@pytest.fixture
def browser():
    need_packages()
    one = had(Browser)
    try:
        yield one.start()
    finally:
        one.kill()


# ---- Psephos ----

@pytest.fixture
def cluster(request, tmp_path):
    """cluster(election, shards=2, up_options=[...], name="cluster") -> harness.Cluster, up."""
    made = []
    request.node.psephos_clusters = made

    def make(election, shards=2, up_options=(), name="cluster"):
        one = Cluster(tmp_path / name, election, shards, up_options)
        made.append(one)
        one.up()
        return one

    yield make
    for one in made:
        one.finish()


@pytest.fixture
def bridge(request, tmp_path):
    """bridge(cluster, config, start=True) -> programs.Bridge: a psephos-bridge of its own."""
    made = []

    def make(cluster, config, start=True):
        one = Bridge(tmp_path / f"bridge-{len(made)}", cluster, config)
        made.append(one)
        request.node.psephos_servers = [*getattr(request.node, "psephos_servers", []), one]
        return one.start() if start else one

    yield make
    for one in made:
        one.stop()


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


@pytest.fixture(scope="session")
def demos():
    """The folder of the voting demos, as their authors published them."""
    return had(fetched_demos)
