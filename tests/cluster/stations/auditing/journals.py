"""A shard's journal in Python, from docs/storage.md alone: a log's folder, and a backup's chunks.

Both give (index, term, type, payload) of each record.
"""

import hashlib
import struct
from collections import namedtuple

from sodium import Stream, unboxed, z85

Record = namedtuple("Record", "index term type payload")
COMMAND = 1


def of_log(folder):
    for file in sorted(folder.glob("*.log")):
        data, at = file.read_bytes(), 64
        while at + 40 <= len(data):
            length, index, term = struct.unpack_from("<IQQ", data, at + 4)
            kind, = struct.unpack_from("<I", data, at + 32)
            if kind == 0 or at + 40 + length > len(data):
                break  # being written
            yield Record(index, term, kind, data[at + 40:at + 40 + length])
            at += 40 + (length + 7) // 8 * 8


def of_chunk(file, key_file):
    """Of a chunk's file, with an auditor's secret key."""
    keys = dict(line.split(" ", 1) for line in key_file.read_text().splitlines())
    public, secret = z85(keys["public"]), z85(keys["secret"])
    data = file.read_bytes()
    assert data[:8] == b"PSPSEAL1"
    first, last, auditors = struct.unpack_from("<QQI", data, 40)
    at = 88 + 112 * auditors
    boxes = {data[i:i + 32]: data[i + 32:i + 112] for i in range(88, at, 112)}
    stream = Stream(data[64:88], unboxed(boxes[public], public, secret))
    bound = hashlib.blake2b(data[:at], digest_size=32).digest()
    index, final = first, False
    while not final:
        length, = struct.unpack_from("<I", data, at)
        plain, final = stream.pull(data[at + 4:at + 4 + length], bound)
        at += 4 + length
        place = 0
        while place + 16 <= len(plain) and plain[place:place + 4] != bytes(4):
            kind, size, term = struct.unpack_from("<IIQ", plain, place)
            yield Record(index, term, kind, plain[place + 16:place + 16 + size])
            place += 16 + size
            index += 1
    assert at == len(data) and index == last + 1


def of_backup(folder, shard, key_file):
    for file in sorted((folder / f"shard-{shard}").glob("*.sealed")):
        yield from of_chunk(file, key_file)
