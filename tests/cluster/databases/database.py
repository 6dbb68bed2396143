"""A PostgreSQL of the tests' own, and a database of each test's own."""

import itertools

import pytest

from test_postgresql import SERVERS, Server

NUMBERS = itertools.count()


class Database:
    def __init__(self, server):
        self.server = server
        self.name = f"voting{next(NUMBERS)}"
        server.run(server.bin / "createdb", "-h", server.folder, "-U", "postgres", self.name)

    @property
    def conninfo(self):
        return f"host={self.server.folder} user=postgres dbname={self.name}"

    def sql(self, text):
        """Rows of the last query, as texts; NULL is None."""
        return self.server.sql(text, self.name)

    def script(self, text):
        """Statements longer than an argument may be."""
        self.server.run(self.server.bin / "psql", "-h", self.server.folder, "-U", "postgres", "-qX",
                        "-d", self.name, "-v", "ON_ERROR_STOP=1", "-f", "-", stdin=text)


@pytest.fixture(scope="session")
def server():
    if not SERVERS:
        pytest.skip("no PostgreSQL here (Debian: postgresql)")
    one = Server()
    try:
        one.start()
        yield one
    finally:
        one.stop()


@pytest.fixture
def database(server):
    return Database(server)
