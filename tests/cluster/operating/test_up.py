"""What `psephos up` makes of the place it is called in."""

import os
import select

from harness import TIMEOUT_S, run_psephos


def test_daemons_hold_no_descriptor_of_their_caller(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1)
    one.down()
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    run_psephos("up", "--dir", one.directory, check=0, close_fds=False)
    os.close(write_end)
    # The pipe ends when nobody else has its other end open.
    ready, _, _ = select.select([read_end], [], [], TIMEOUT_S)
    assert ready and os.read(read_end, 1) == b""
    os.close(read_end)
