"""libsodium from Python, as far as tests need it: what a shard signs and seals."""

import ctypes
import ctypes.util

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
assert SODIUM.sodium_init() >= 0
Z85 = ("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
       ".-:+=^!/*?&<>()[]{}@%$#")
TAG_FINAL = 3
STREAM_MORE = 17  # bytes of ciphertext more than of plain text


def z85(text):
    """The bytes of a key as key files have it (ZeroMQ RFC 32)."""
    numbers = (sum(Z85.index(letter) * 85 ** (4 - i) for i, letter in enumerate(text[at:at + 5]))
               for at in range(0, len(text), 5))
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def signed(seed, context, statement):
    """Ed25519 under the key of this seed, of a context and a statement (lib/cluster/sign.h)."""
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    SODIUM.crypto_sign_seed_keypair(public, secret, seed)
    text = context + b"\0" + statement
    signature = ctypes.create_string_buffer(64)
    SODIUM.crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)), secret)
    return signature.raw


def unboxed(box, public, secret):
    """What a sealed box holds, or None."""
    plain = ctypes.create_string_buffer(len(box) - 48)
    failed = SODIUM.crypto_box_seal_open(plain, box, ctypes.c_ulonglong(len(box)), public, secret)
    return None if failed else plain.raw


class Stream:
    """A secretstream, read."""

    def __init__(self, header, key):
        size = SODIUM.crypto_secretstream_xchacha20poly1305_statebytes()
        self.state = ctypes.create_string_buffer(size)
        assert SODIUM.crypto_secretstream_xchacha20poly1305_init_pull(self.state, header, key) == 0

    def pull(self, sealed, additional):
        """(plain text, whether it is the last part)."""
        plain = ctypes.create_string_buffer(len(sealed) - STREAM_MORE)
        tag = ctypes.c_ubyte()
        failed = SODIUM.crypto_secretstream_xchacha20poly1305_pull(
            self.state, plain, None, ctypes.byref(tag), sealed, ctypes.c_ulonglong(len(sealed)),
            additional, ctypes.c_ulonglong(len(additional)))
        assert not failed, "a part does not open"
        return plain.raw, tag.value == TAG_FINAL
