"""A station's connection by hand (ZMTP 3.1, CURVE: ZeroMQ RFC 23 and 26), for what libzmq would
never send: messages that do not end. The boxes are libsodium's."""

import ctypes
import os
import socket
import struct

from zmq.utils import z85

from messages import GREETING

SODIUM = ctypes.CDLL("libsodium.so.23")
SODIUM.sodium_init()


def box(message, nonce, public, secret):
    sealed = ctypes.create_string_buffer(len(message) + 16)
    assert SODIUM.crypto_box_easy(sealed, message, ctypes.c_ulonglong(len(message)), nonce, public,
                                  secret) == 0
    return sealed.raw


def unbox(sealed, nonce, public, secret):
    message = ctypes.create_string_buffer(len(sealed))
    assert SODIUM.crypto_box_open_easy(message, sealed, ctypes.c_ulonglong(len(sealed)), nonce,
                                       public, secret) == 0
    return message.raw[:len(sealed) - 16]


class Connection:
    """`keys`: of the station, Z85."""

    def __init__(self, address, server_key, keys):
        self.socket = socket.create_connection(address, 5)
        self.count = 0
        server = z85.decode(server_key.encode())
        public, secret = (z85.decode(keys[name].encode()) for name in ("public", "secret"))
        mine, self.secret = (ctypes.create_string_buffer(32) for _ in range(2))
        SODIUM.crypto_box_keypair(mine, self.secret)
        mine, self.secret = mine.raw, self.secret.raw
        self.socket.sendall(GREETING)
        self.read(64)
        nonce = self.nonce()
        self.command(b"\x05HELLO\x01\0" + bytes(72) + mine + nonce +
                     box(bytes(64), b"CurveZMQHELLO---" + nonce, server, self.secret))
        welcome = self.frame()
        assert welcome.startswith(b"\x07WELCOME")
        opened = unbox(welcome[24:], b"WELCOME-" + welcome[8:24], server, self.secret)
        self.theirs, cookie = opened[:32], opened[32:]
        vouch_nonce, nonce = os.urandom(16), self.nonce()
        vouch = box(mine + server, b"VOUCH---" + vouch_nonce, self.theirs, secret)
        metadata = (b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER" + b"\x08Identity" +
                    bytes(4))
        self.command(b"\x08INITIATE" + cookie + nonce +
                     box(public + vouch_nonce + vouch + metadata, b"CurveZMQINITIATE" + nonce,
                         self.theirs, self.secret))
        assert self.frame().startswith(b"\x05READY")

    def nonce(self):
        self.count += 1
        return struct.pack(">Q", self.count)

    def read(self, n):
        got = b""
        while len(got) < n:
            more = self.socket.recv(n - len(got))
            if not more:
                raise ConnectionError("closed by the other side")
            got += more
        return got

    def frame(self):
        flags = self.read(1)[0]
        length = struct.unpack(">Q", self.read(8))[0] if flags & 2 else self.read(1)[0]
        return self.read(length)

    def put(self, flags, body):
        head = bytes([flags, len(body)]) if len(body) < 256 else \
            bytes([flags | 2]) + struct.pack(">Q", len(body))
        self.socket.sendall(head + body)

    def command(self, body):
        self.put(4, body)

    def part(self, body, more=True):
        """A frame of a message, encrypted."""
        nonce = self.nonce()
        self.put(0, b"\x07MESSAGE" + nonce + box(bytes([more]) + body, b"CurveZMQMESSAGEC" + nonce,
                                                 self.theirs, self.secret))
