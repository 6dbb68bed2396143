"""Vote messages as lines, and what it costs to cast them.

    lines.py election                             election.json for the messages
    lines.py messages N full|short FILE EXPECTED  N messages, no voter twice; votes a candidate
    lines.py cast BIN DIR FORMAT FILE EXPECTED    prints one JSON object; 1: a wrong count

The messages have the members of the Kafka demos' topic in their order, 857 bytes or 329; those of
format ndjson are short.
"""

import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PLACES = ["Avon", "Berkshire", "Borders", "Central", "Cheshire", "Cleveland", "Cornwall", "Cumbria",
          "Derbyshire", "Devon", "Dorset", "Durham", "Dyfed", "East Sussex", "Essex", "Fife",
          "Gloucestershire", "Greater Manchester", "Gwent", "Hampshire", "Herefordshire",
          "Highlands and Islands", "Isle of Wight", "Kent", "Lancashire", "Lothian", "Merseyside",
          "Norfolk", "North Yorkshire", "Northamptonshire", "Northumberland", "Nottinghamshire"]
CANDIDATES = [("c9e9c616-612e-4696-a6ce-cc1b78e51061", "Ada Ash", "Pine Party"),
              ("b8b6d8fe-442e-4d43-b204-e52db2221a58", "Ben Birch", "Fern Party"),
              ("f06c144a-025b-413f-8a9a-021ea648a7dd", "Cid Cedar", "Lichen Party")]
MASK = (1 << 64) - 1


def id_of(name):
    return name.lower().replace(" ", "-")


def election():
    units = [{"id": "all", "name": "All places", "level": "nation"}]
    units += [{"id": id_of(name), "name": name, "level": "county", "parent": "all",
               "ballot_style": "paper"} for name in PLACES]
    json.dump({
        "format": 1, "id": "lines", "name": "Lines", "date": "2026-11-29",
        "methods": [{"id": "all", "name": "All"}],
        "parties": [{"id": id_of(party), "name": party} for _, _, party in CANDIDATES],
        "candidates": [{"id": at, "name": name, "party": id_of(party)}
                       for at, name, party in CANDIDATES],
        "units": units,
        "contests": [{"id": "vote", "name": "Vote", "office": "Vote", "unit": "all", "choices": [
            {"id": at, "name": name, "kind": "candidate", "candidate": at, "party": id_of(party)}
            for at, name, party in CANDIDATES]}],
        "ballot_styles": [{"id": "paper", "contests": [{"contest": "vote"}]}]}, sys.stdout)


def mix(x):  # splitmix64
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def candidate_members(at, name, party, full):
    members = {"candidate_id": at, "candidate_name": name, "party_affiliation": party}
    if full:
        members["biography"] = "A brief bio of the candidate."
        members["campaign_platform"] = "Key campaign promises or platform."
    members["photo_url"] = "https://example.org/portraits/of/candidates/17.jpg"
    return json.dumps(members)[1:-1]


FULL = ('{"voter_id": "%s", "voter_name": "Ada Hunt%d", "date_of_birth": '
        '"1944-03-04T05:06:07.891Z", "gender": "female", "nationality": "GB", '
        '"registration_number": "user%d", "address": {"street": "12 High Street", "city": '
        '"Town%d", "state": "%s", "country": "United Kingdom", "postcode": "AB%d 2CD"}, "email": '
        '"v%d@example.com", "phone_number": "0101 4567", "cell_number": "07700 4567", "picture": '
        '"https://example.org/portraits/of/voters/men/17.jpg", "registered_age": 44, %s, '
        '"voting_time": "2026-11-29 %02d:%02d:%02d", "vote": 1}\n')
SHORT = ('{"voter_id": "%s", "address": {"state": "%s"}, %s, "voting_time": '
         '"2026-11-29 %02d:%02d:%02d", "vote": 1}\n')


def messages(n, shape, path, expected):
    full = shape == "full"
    voted = [candidate_members(*candidate, full) for candidate in CANDIDATES]
    votes = [0] * len(CANDIDATES)
    with open(path, "w", buffering=1 << 20, encoding="ascii") as file:
        for i in range(n):
            a = mix(i)
            b = mix(a)
            name = "%016x%016x" % (a, b)
            voter = "-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:]))
            c = (0, 0, 0, 0, 0, 1, 1, 1, 2, 2)[b % 10]
            votes[c] += 1
            place = PLACES[(b >> 8) % len(PLACES)]
            when = (8 + i // 3600000 % 12, i // 60000 % 60, i // 1000 % 60)
            file.write(FULL % ((voter, i % 100, i, i % 100, place, i % 100, i, voted[c]) + when)
                       if full else SHORT % ((voter, place, voted[c]) + when))
    Path(expected).write_text(json.dumps({at: votes[c] for c, (at, _, _)
                                          in enumerate(CANDIDATES)}), encoding="ascii")


def daemons_cpu(folder):
    """Seconds by daemon so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = {}
    for pid in Path(folder, "run").glob("*.pid"):
        fields = Path("/proc", pid.read_text().split()[0], "stat").read_text().rpartition(")")[2]
        used[pid.stem] = sum(map(int, fields.split()[11:13])) / ticks
    return used


def counted(folder):
    cluster = json.loads(Path(folder, "cluster.json").read_text(encoding="utf-8"))
    address = cluster["collectors"][0]["http"]
    with urllib.request.urlopen(f"http://{address}/api/v1/results?contest=vote") as answer:
        row = json.load(answer)["results"][0]
    return {choice["choice"]: choice["votes"] for choice in row["choices"]}


def cast(bin_folder, folder, form, path, expected):
    wanted = json.loads(Path(expected).read_text(encoding="ascii"))
    before = daemons_cpu(folder)
    done = subprocess.run([f"{bin_folder}/psephos", "cast", "--dir", folder, "--json", "--format",
                           form, path], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        return 1
    time.sleep(0.2)
    after = daemons_cpu(folder)
    summary = json.loads(done.stdout)
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    n = summary["cast"]
    daemons = {name: round((after[name] - before[name]) * 1e6 / n, 2) for name in sorted(after)}
    caster = (own.ru_utime + own.ru_stime) * 1e6 / n
    print(json.dumps({
        "messages": n, "bytes_a_message": round(os.path.getsize(path) / n),
        "seconds": summary["seconds"], "messages_per_second": round(n / summary["seconds"]),
        "cpu_us_a_message": {"cast": round(caster, 2), **daemons,
                             "all": round(caster + sum(daemons.values()), 2)},
        "cast_mib": own.ru_maxrss // 1024}))
    return 0 if summary["counted"] == n and counted(folder) == wanted else 1


def main():
    what, *given = sys.argv[1:]
    if what == "election":
        return election()
    if what == "messages":
        return messages(int(given[0]), *given[1:])
    return cast(*given)


if __name__ == "__main__":
    sys.exit(main())
