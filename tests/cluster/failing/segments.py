"""The files of a log, taken apart: a segment of 64 MiB is too much for a test."""

import struct

HEADER_BYTES, RECORD_BYTES = 64, 40


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def records(segment):
    """(index, offset, bytes) of each record; docs/storage.md."""
    data, at = segment.read_bytes(), HEADER_BYTES
    while at < len(data):
        payload, index = struct.unpack_from("<I", data, at + 4)[0], struct.unpack_from(
            "<Q", data, at + 8)[0]
        length = RECORD_BYTES + payload + -payload % 8
        yield index, at, length
        at += length


def split(log, at_index):
    """The log's only segment becomes two; returns the first one, which is sealed then."""
    segment, = log.glob("*.log")
    data = segment.read_bytes()
    at = next(offset for index, offset, _ in records(segment) if index == at_index)
    header = bytearray(data[:HEADER_BYTES])
    struct.pack_into("<Q", header, 32, at_index)
    struct.pack_into("<I", header, 60, crc32c(header[:60]))
    (log / f"{at_index:016x}.log").write_bytes(header + data[at:])
    segment.write_bytes(data[:at])
    return segment


def flip(segment, at, bit=2):
    """Flips a bit of a byte; twice, and it is as before."""
    with segment.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))
