"""What a power cut leaves: of all that processes wrote under forget.c, what was synced.

`cut(root, records, dice)` is called when the processes are gone. Of each file it keeps one of
three of what no fsync covers: nothing, all up to some moment, or some sectors of 512 bytes
(each as of some moment), since a disk writes in the order it likes. Names that were
made, moved or removed in a folder are kept up to some moment after its last fsync. Returns how many
changes it took back.
"""

import collections
import os
import shutil
import struct
from pathlib import Path

WRITE, SIZE, CREATE, RENAME, UNLINK, SYNC = range(1, 7)
EVENT = struct.Struct("=II9QII")  # struct event of forget.c
SECTOR = 512

Event = collections.namedtuple(
    "Event", "kind begun done inode folder offset length size_before link path to before")


def events_in(path):
    with path.open("rb") as file:
        used = int.from_bytes(file.read(8), "little")
        data = file.read(used - 8)
    at = 0
    while at + EVENT.size <= len(data):
        (size, kind, begun, done, inode, folder, offset, length, size_before, before, link,
         path_bytes, to_bytes) = EVENT.unpack_from(data, at)
        if size == 0:
            return  # its process was killed while it wrote it: the change was not made
        names = at + EVENT.size
        kept = names + path_bytes + to_bytes
        yield Event(kind, begun, done, inode, folder, offset, length, size_before, link,
                    data[names:names + path_bytes - 1].decode(),
                    data[names + path_bytes:kept - 1].decode(), data[kept:kept + before])
        at += size


class Cut:
    def __init__(self, root, records, dice):
        self.root, self.records, self.dice = Path(root), Path(records), dice
        self.events = sorted((event for path in self.records.glob("[0-9]*-[0-9]*")
                              for event in events_in(path)), key=lambda event: event.begun)
        synced = collections.defaultdict(int)  # inode -> when its last fsync began
        for event in self.events:
            if event.kind == SYNC:
                synced[event.inode] = max(synced[event.inode], event.length)
        self.synced = synced
        self.taken_back = 0

    def is_lasting(self, event, inode):
        return 0 < event.done <= self.synced[inode]

    def files(self):
        """inode -> a path of it."""
        found = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                found.setdefault(os.lstat(path).st_ino, path)
        for path in self.records.glob("kept-*"):
            found.setdefault(path.stat().st_ino, str(path))
        return found

    def run(self):
        pending = collections.defaultdict(list)
        for event in self.events:
            if event.kind in (WRITE, SIZE) and not self.is_lasting(event, event.inode):
                pending[event.inode].append(event)
        files = self.files()
        for inode, events in pending.items():
            if inode in files:
                self.bytes_of(files[inode], events)
        self.names()
        for path in self.records.iterdir():
            path.unlink()
        return self.taken_back

    def bytes_of(self, path, events):
        """The file as some of these changes left it."""
        way = self.dice.choice(("none", "moment", "sectors"))
        if any(event.kind == SIZE for event in events) and way == "sectors":
            way = "moment"
        kept = 0 if way == "none" else self.dice.randrange(len(events) + 1)
        with open(path, "r+b") as file:
            if way == "sectors":
                self.sectors(file, events)
                return
            for event in reversed(events[kept:]):
                self.take_back(file, event)

    def take_back(self, file, event):
        self.taken_back += 1
        if event.kind == SIZE:
            os.truncate(file.fileno(), event.size_before)
        file.seek(event.offset)
        file.write(event.before)
        file.flush()
        if event.kind == WRITE:
            os.truncate(file.fileno(), event.size_before)

    def sectors(self, file, events):
        """Of each sector its writes up to some moment; what was never written reads as 0."""
        last = {}
        for number, event in enumerate(events):
            for sector in range(event.offset // SECTOR,
                                (event.offset + max(event.length, 1) - 1) // SECTOR + 1):
                last.setdefault(sector, []).append(number)
        kept = {sector: self.dice.randrange(len(numbers) + 1) for sector, numbers in last.items()}
        size = events[0].size_before
        for number in range(len(events) - 1, -1, -1):
            event = events[number]
            self.taken_back += 1
            for sector in range(event.offset // SECTOR,
                                (event.offset + max(event.length, 1) - 1) // SECTOR + 1):
                begin = max(event.offset, sector * SECTOR)
                end = min(event.offset + event.length, (sector + 1) * SECTOR)
                if last[sector].index(number) < kept[sector]:
                    size = max(size, end)
                    continue
                old = event.before[begin - event.offset:end - event.offset]
                file.seek(begin)
                file.write(old + bytes(end - begin - len(old)))
        file.flush()
        os.truncate(file.fileno(), size)

    def names(self):
        folders = collections.defaultdict(list)
        for event in self.events:
            if event.kind in (CREATE, RENAME, UNLINK) and not self.is_lasting(event, event.folder):
                folders[event.folder].append(event)
        undone = []
        for events in folders.values():
            undone += events[self.dice.randrange(len(events) + 1):]
        for event in sorted(undone, key=lambda event: event.begun, reverse=True):
            self.taken_back += 1
            path, to = Path(event.path), Path(event.to)
            if event.kind == CREATE and path.is_dir():
                shutil.rmtree(path)
            elif event.kind == CREATE:
                path.unlink(missing_ok=True)
            elif event.kind == RENAME and to.exists() and to.lstat().st_ino == event.inode:
                to.rename(path)
            if event.link and event.kind in (RENAME, UNLINK):
                kept = self.records / f"kept-{event.link}"
                name = to if event.kind == RENAME else path
                if name.parent.exists() and not name.exists():
                    os.link(kept, name)


def cut(root, records, dice):
    return Cut(root, records, dice).run()
