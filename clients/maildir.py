"""A folder of Maildirs that some program keeps in step with an account, and what happens on both sides meanwhile."""

import imaplib
import random
from collections import Counter

from mail import crlf, digest
from second import Second

FLAGS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen"}
ROUNDS = 4


class Maildirs:
    """The folder; a file is known by its path."""

    def __init__(self, folder):
        self.folder = folder

    def files(self, folder="INBOX"):
        return sorted([*(self.folder / folder).glob("cur/*"), *(self.folder / folder).glob("new/*")])

    def contents(self, folder="INBOX"):
        return [crlf(file.read_bytes()) for file in self.files(folder)]

    def snapshot(self):
        """All of it, but for the notes of the program."""
        names = [file for kind in ("cur", "new") for file in self.folder.rglob(f"{kind}/*")]
        return {name: name.stat().st_mtime_ns for name in names}

    def add(self, name, octets, flags="", folder="INBOX"):
        for kind in ("cur", "new", "tmp"):
            (self.folder / folder / kind).mkdir(parents=True, exist_ok=True)
        place = f"cur/{name}:2,{flags}" if flags else f"new/{name}"
        (self.folder / folder / place).write_bytes(octets)

    def flag(self, file, flags):
        file.rename(file.parent.parent / "cur" / f"{file.name.partition(':')[0]}:2,{flags}")


def without_field(octets, name):
    """A message without a header field with which a program marks what it carries."""
    head, gap, body = octets.partition(b"\r\n\r\n")
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(name + b":")) + gap + body


def flags_of(file):
    """The flags in a file's name, as IMAP has them."""
    return frozenset(FLAGS[letter] for letter in file.name.partition(":2,")[2])


def both_ways(server, user, program, mailboxes=None):
    """Change things on both sides and sync, over and over: both must be the same, and the next run have nothing to do.

    `mailboxes` says for each mailbox which folder it is."""
    mailboxes = mailboxes or {"INBOX": "INBOX"}
    chance = random.Random(7162)
    for number in range(ROUNDS):
        for mailbox, folder in mailboxes.items():
            change_near(program.maildirs, chance, f"{number}.{folder}", folder)
            with Second(server, user, mailbox) as second:
                change_far(second, chance, number)
        program.sync()
        for mailbox, folder in mailboxes.items():
            agree(program, folder, server, user, mailbox, number)
        before = state(program, server, user, mailboxes)
        program.settle()
        assert state(program, server, user, mailboxes) == before, f"round {number}: the second run changed something"


def state(program, server, user, mailboxes):
    """What a run changes that changes anything."""
    with Second(server, user) as second:
        far = [(second.select(mailbox), second.latest_change()) for mailbox in mailboxes]
    return program.maildirs.snapshot(), far


def change_near(maildirs, chance, name, folder):
    files = maildirs.files(folder)
    chance.shuffle(files)
    gone, flagged = files[:2], files[2:7]
    for file in gone:
        file.unlink()
    for file in flagged:
        maildirs.flag(file, "".join(sorted(chance.sample("FRS", chance.randrange(4)))))
    maildirs.add(f"1.{name}", f"Subject: near {name}\n\nhello\n".encode(), chance.choice(["", "S", "DS"]), folder)


def change_far(second, chance, number):
    uids = second.search("ALL")
    chance.shuffle(uids)
    for uid in uids[2:7]:
        second.ok(second.imap.uid("STORE", str(uid), chance.choice(["+FLAGS", "-FLAGS", "FLAGS"]), "(\\Seen \\Flagged)"))
    for uid in uids[:2]:
        second.store(uid, "(\\Deleted)")
    second.ok(second.imap.expunge())
    second.append(f"Subject: far {number}\r\n\r\nhello\r\n".encode(), second.mailbox)


def agree(program, folder, server, user, mailbox, number):
    """Demand the same messages with the same flags here and there."""
    kept = program.kept
    near = Counter((digest(kept(crlf(file.read_bytes()))), flags_of(file)) for file in program.maildirs.files(folder))
    with Second(server, user, mailbox) as second:
        far = Counter((digest(kept(octets)), flags & set(FLAGS.values())) for octets, flags in everything(second))
    assert near == far, f"{mailbox}, round {number}: {sum((near - far).values())} are only near, {sum((far - near).values())} only far"


def everything(second):
    """All messages of the selected mailbox with their flags."""
    data = second.ok(second.imap.fetch("1:*", "(FLAGS BODY.PEEK[])"))
    parts = [part for part in data if isinstance(part, tuple)]
    return [(octets, frozenset(flag.decode() for flag in imaplib.ParseFlags(head))) for head, octets in parts]
