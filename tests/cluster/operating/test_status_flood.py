"""Asking for the status, however often, sends no ballot twice."""

import importlib
import json
import subprocess
import sys

import pytest
import zmq

from harness import ROOT
from test_crashes import casting, county_returns, finish_cast  # noqa: F401
from test_round_trip import assert_books_balance


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """cluster_pb2, made from cluster.proto."""
    folder = tmp_path_factory.mktemp("proto")
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}",
                    "cluster.proto", "ballots.proto"], check=True)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("cluster_pb2")
    finally:
        sys.path.remove(str(folder))


def test_status_requests_during_a_cast_send_no_ballot_twice(
        cluster, import_returns, county_returns, messages):  # noqa: F811
    one = cluster(import_returns(county_returns), shards=2)
    router = one.description["routers"][0]
    keys = dict(line.split() for line in
                (one.directory / "keys" / "operator.key").read_text().splitlines())
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.curve_serverkey = router["public_key"].encode()
    socket.curve_publickey = keys["public"].encode()
    socket.curve_secretkey = keys["secret"].encode()
    socket.linger = 0
    socket.connect(router["address"])
    request = messages.ClusterMessage(protocol=2)
    request.status_request.request_id = 1
    bytes_of_request = request.SerializeToString()
    cast = casting(one, county_returns)
    answers = 0
    try:
        while cast.poll() is None:
            socket.send(bytes_of_request)
            answers += socket.poll(1000) and len(socket.recv()) > 0
    finally:
        socket.close()
        context.term()
    summary = finish_cast(cast)
    assert answers > 1000
    books = assert_books_balance(one)
    assert books["replayed"] <= summary["resent"], json.dumps(summary)
