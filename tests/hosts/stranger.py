"""Runs on a host without keys, in the cluster's network: what does it get? A JSON object.

usage: stranger.py CLUSTER_JSON HOST...   every port of each host is tried
"""

import concurrent.futures
import json
import re
import socket
import ssl
import sys
import urllib.error
import urllib.request

import zmq

STATUS_REQUEST = bytes([0x08, 1, 0x4A, 2, 0x08, 7])  # protocol 1, status_request {request_id 7}


def is_open(target):
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(target) == 0


def answers(address, server_key, curve):
    """Does anything come back over ZeroMQ, without keys or with keys of our own making?"""
    context = zmq.Context()
    one = context.socket(zmq.DEALER)
    one.linger = 0
    if curve:
        one.curve_publickey, one.curve_secretkey = zmq.curve_keypair()
        one.curve_serverkey = server_key.encode()
    one.connect(address)
    one.send(STATUS_REQUEST)
    got = one.poll(2000) != 0
    one.close()
    context.term()
    return got


def http(url, method="GET"):
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, method=method), timeout=3
        ) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def gateway(cluster):
    """What a gateway says to who has no token, or one of its own making."""
    unknown = ssl.create_default_context()
    unknown.check_hostname, unknown.verify_mode = False, ssl.CERT_NONE
    said = {}
    for one in cluster.get("gateways", ()):
        for method, path, token in (("POST", "/api/v1/ballots", None),
                                    ("POST", "/api/v1/ballots", "0" * 64),
                                    ("GET", "/api/v1/ballots", None), ("GET", "/metrics", None)):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            asked = urllib.request.Request(f"https://{one['http']}{path}", method=method,
                                           data=b"{}" if method == "POST" else None,
                                           headers=headers)
            try:
                with urllib.request.urlopen(asked, timeout=3, context=unknown) as answer:
                    code = answer.status
            except urllib.error.HTTPError as error:
                code = error.code
            except OSError:
                code = 0
            said[f"{method} {path}" + (" with a token of its own" if token else "")] = code
    return said


def main():
    cluster = json.load(open(sys.argv[1]))
    hosts = sys.argv[2:]
    targets = [(host, port) for host in hosts for port in range(1, 65536)]
    with concurrent.futures.ThreadPoolExecutor(512) as pool:
        opened = [f"{h}:{p}" for (h, p), yes in zip(targets, pool.map(is_open, targets)) if yes]
    processes = [replica for shard in cluster["shards"] for replica in shard["replicas"]]
    processes += cluster["routers"] + cluster["collectors"]
    answered = []
    for process in processes:
        at = process["address"]
        if re.sub("^tcp://", "", at) in opened:
            answered += [f"{at} curve={curve}" for curve in (False, True)
                         if answers(at, process["public_key"], curve)]
    page = "http://" + cluster["collectors"][0]["http"]
    print(json.dumps({
        "open": opened,
        "answered": answered,
        "gateway": gateway(cluster),
        "http": {f"{method} {path}": http(page + path, method) for method, path in (
            ("GET", "/api/v1/election"), ("GET", "/metrics"), ("GET", "/cluster"),
            ("POST", "/api/v1/election"), ("PUT", "/"), ("DELETE", "/api/v1/results"))},
    }))


if __name__ == "__main__":
    main()
