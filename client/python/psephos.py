"""Casts ballots through a Psephos gateway. One file, standard library only.

    import psephos
    gateway = psephos.Gateway("https://vote.example.org", token)
    verdicts = gateway.cast(ballots)

A ballot is a dict as docs/formats.md has it, with a `ballot_id` that you chose once and stored
before the first call: 16 random bytes as 32 hex digits (`psephos.ballot_id()` makes one). With the
same IDs a call may be made again after a crash, and nothing counts twice; with new ones every
ballot that was counted is a double vote.
"""

import http.client
import json
import random
import secrets
import ssl
import time
import urllib.error
import urllib.request

LINES_MAX = 8192          # of one request; the gateway takes 65,536
BYTES_MAX = 8 << 20       # of one request; the gateway takes 16 MiB
ANSWER_S = 75             # the gateway gives up after 30 s, and the answer has its way, too


def ballot_id():
    """A new ballot ID. Store it before the ballot is cast."""
    return secrets.token_hex(16)


class Refused(Exception):
    """The gateway will not take the request as it is: sending it again is of no use.

    `status` is the HTTP status, the text says what to do. Nothing of the request was sent; of
    earlier ones `verdicts` has what became of their ballots (None: not cast yet)."""

    def __init__(self, status, text, verdicts=()):
        super().__init__(f"HTTP {status}: {text}")
        self.status, self.verdicts = status, list(verdicts)


class Unfinished(Exception):
    """Some ballots had no final verdict in time. They may be counted: cast them again, with the
    same ballot IDs. `verdicts` has what is known (None: nothing final)."""

    def __init__(self, verdicts, text):
        open_ballots = sum(v is None for v in verdicts)
        super().__init__(f"{open_ballots} ballots without a final verdict: {text}")
        self.verdicts = verdicts


class Gateway:
    def __init__(self, url, token, context=None, answer_s=ANSWER_S):
        """`context`: an ssl.SSLContext, when the system's certificates are not enough."""
        self.url = url.rstrip("/") + "/api/v1/ballots"
        self.token, self.answer_s = token, answer_s
        if context is None and url.startswith("https"):
            context = ssl.create_default_context()
        self.context = context

    def cast(self, ballots, give_up_s=None):
        """A verdict for each ballot, in order: dicts with disposition, first, shard, index, reason.

        What has no final verdict is sent again, until it has one or `give_up_s` have passed."""
        lines = [self._line(i, ballot) for i, ballot in enumerate(ballots)]
        verdicts = [None] * len(lines)
        end = None if give_up_s is None else time.monotonic() + give_up_s
        for part in self._parts(lines):
            self._cast_part(lines, part, verdicts, end)
        return verdicts

    @staticmethod
    def _line(i, ballot):
        if not ballot.get("ballot_id"):
            raise ValueError(f"ballot {i}: without a ballot_id, chosen once and stored, it could "
                             "not be sent again safely")
        return json.dumps(ballot, separators=(",", ":"), ensure_ascii=False).encode()

    @staticmethod
    def _parts(lines):
        part, size = [], 0
        for i, line in enumerate(lines):
            if part and (len(part) == LINES_MAX or size + len(line) + 1 > BYTES_MAX):
                yield part
                part, size = [], 0
            part.append(i)
            size += len(line) + 1
        if part:
            yield part

    def _cast_part(self, lines, waiting, verdicts, end):
        tries = 0
        while waiting:
            pause, why = self._send(lines, waiting, verdicts)
            still = [i for i in waiting if verdicts[i] is None]
            tries = 0 if len(still) < len(waiting) else tries + 1
            waiting = still
            if not waiting:
                return
            pause = max(pause, min(10.0, 0.1 * 2 ** min(tries, 10))) * random.uniform(1.0, 1.5)
            if end is not None and time.monotonic() + pause > end:
                raise Unfinished(verdicts, why)
            time.sleep(pause)

    def _send(self, lines, waiting, verdicts):
        """(seconds to pause, why); final verdicts are put in their places."""
        request = urllib.request.Request(
            self.url, data=b"\n".join(lines[i] for i in waiting) + b"\n", method="POST",
            headers={"Authorization": "Bearer " + self.token,
                     "Content-Type": "application/x-ndjson"})
        try:
            with urllib.request.urlopen(request, timeout=self.answer_s,
                                        context=self.context) as answer:
                self._take(answer.read(), waiting, verdicts)
                return 0.0, "the answer was not whole"
        except urllib.error.HTTPError as error:
            return self._refused(error, waiting, verdicts)
        except (OSError, http.client.HTTPException) as error:
            # No answer means unknown, never failed.
            return 0.2, str(error) or type(error).__name__

    def _refused(self, error, waiting, verdicts):
        try:
            body = error.read()
        except (OSError, http.client.HTTPException):
            body = b""
        if error.code in (429, 503):
            self._take(body, waiting, verdicts)
            after = error.headers.get("Retry-After", "1")
            return float(after) if after.isdigit() else 1.0, self._why(body)
        if error.code >= 500 or error.code == 408:  # of a proxy on the way
            return 1.0, f"HTTP {error.code}"
        try:
            detail = json.loads(body)["detail"]
        except (ValueError, KeyError, TypeError):
            detail = body[:200].decode(errors="replace")
        raise Refused(error.code, detail, verdicts)

    @staticmethod
    def _take(body, waiting, verdicts):
        """What is no whole answer to just these lines tells nothing."""
        try:
            answers = [json.loads(line) for line in body.splitlines()]
        except ValueError:
            return
        if [a.get("line") if isinstance(a, dict) else None for a in answers] != list(
                range(1, len(waiting) + 1)):
            return
        for i, answer in zip(waiting, answers):
            if answer.get("disposition") is not None:
                verdicts[i] = answer

    @staticmethod
    def _why(body):
        try:
            reasons = [json.loads(line).get("reason") for line in body.splitlines()]
        except (ValueError, AttributeError):
            return "the gateway is busy"
        return next((r for r in reasons if r), "the gateway is busy")


def cast(ballots, url, token, give_up_s=None):
    """Gateway(url, token).cast(ballots, give_up_s)"""
    return Gateway(url, token).cast(ballots, give_up_s)
