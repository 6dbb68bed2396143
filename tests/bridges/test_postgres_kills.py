"""PostgreSQL out, the long way: bridge and server killed at random while votes come in.

PSEPHOS_KILLS (50) and PSEPHOS_SEED say how often and which chance.
"""

import json
import os
import random

import pytest

import standing
from postgres_server import NO_SERVER, SERVERS, Server
from postgres_bridge import campaign, new_view


@pytest.mark.long
def test_fifty_kills(cluster, tmp_path):
    if not SERVERS:
        pytest.skip(NO_SERVER)
    kills = int(os.environ.get("PSEPHOS_KILLS", "50"))
    seed = int(os.environ.get("PSEPHOS_SEED", random.randrange(10 ** 6)))
    (tmp_path / "election.json").write_text(json.dumps(standing.ELECTION))
    one = cluster(tmp_path / "election.json", shards=2)
    server = Server()
    try:
        view = new_view(server.start(), "results")
        looks, lines = campaign(one, server, view, tmp_path / "kills", kills, seed)
        print(f"{kills} kills, {looks} looks, {lines} lines equal")
    finally:
        server.stop()
