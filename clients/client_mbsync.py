"""mbsync (isync): everything into a Maildir and back, both ways, twice."""

import subprocess
import tempfile
from pathlib import Path

from mail import crlf
from second import Second
from server import PASSWORD

CONFIG = """
IMAPAccount rookery
Host {host}
Port {port}
User {user}
Pass {password}
AuthMechs {mechanism}
{tls}

IMAPStore far
Account rookery

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
"""


class Mbsync:
    """A Maildir that is kept in step with an account."""

    def __init__(self, server, user, tls="None"):
        self.folder = Path(tempfile.mkdtemp(dir=server.folder))
        host, port = server.imaps if tls == "IMAPS" else server.imap
        settings = [f"SSLType {tls}"]
        if tls != "None":
            settings.append(f"CertificateFile {server.certificate}")
            host = "localhost"
        self.config = self.folder / "config"
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        self.config.write_text(
            CONFIG.format(
                host=host, port=port, user=user, password=PASSWORD, folder=self.mail, tls="\n".join(settings), mechanism="*" if tls != "None" else "LOGIN"
            )
        )

    def sync(self):
        """One run; what it says about what it did."""
        done = subprocess.run(["mbsync", "-c", self.config, "-a", "-V"], capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
        complaints = [line for line in done.stderr.splitlines() if "sent in the clear" not in line]
        assert not complaints, complaints
        return done.stdout

    def files(self, mailbox="INBOX"):
        folder = self.mail / mailbox
        return sorted([*folder.glob("cur/*"), *folder.glob("new/*")])

    def contents(self, mailbox="INBOX"):
        return [from_maildir(file) for file in self.files(mailbox)]

    def snapshot(self):
        return {file: file.stat().st_mtime_ns for file in self.mail.rglob("*") if "mbsync" not in file.name and file.is_file()}


def from_maildir(file):
    """A message with the line ends of the wire."""
    return without_tuid(file.read_bytes().replace(b"\n", b"\r\n"))


def without_tuid(octets):
    """mbsync marks what it carries with a header field of its own."""
    head, gap, body = octets.partition(b"\r\n\r\n")
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"X-TUID:")) + gap + body


def everything(server, supply, user, tls, count):
    mail = supply.take(count)
    server.account(user, mail)
    mbsync = Mbsync(server, user, tls)
    mbsync.sync()
    # A CR without LF does not survive mbsync; nine messages of the corpus have some.
    mail.check(mbsync.contents(), f"Maildir, {tls}", kept=lambda message: crlf(message.replace(b"\r", b"")))
    before = mbsync.snapshot()
    mbsync.sync()
    assert mbsync.snapshot() == before, "the second run changed something"
    with Second(server, user) as second:
        assert second.search("UNSEEN") == list(range(1, len(mail) + 1)), "syncing changed flags"
        mail.check(second.contents(), "IMAP after the sync")
    return mail, mbsync


def test_everything(server, supply):
    everything(server, supply, "mbsync-all", "None", None)


def test_everything_over_tls(server, supply):
    everything(server, supply, "mbsync-tls", "IMAPS", None)


def test_both_ways_with_starttls(server, supply):
    user = "mbsync-both"
    mail, mbsync = everything(server, supply, user, "STARTTLS", 100)
    first, second_file, third = mbsync.files()[:3]

    # Near: a flag, a removal, a new message, a new mailbox.
    flagged = from_maildir(first)
    gone = from_maildir(second_file)
    (first.parent.parent / "cur" / (first.name.split(":")[0] + ":2,FS")).write_bytes(first.read_bytes())
    first.unlink()
    second_file.unlink()
    new = b"Subject: from the maildir\n\nhello\n"
    (mbsync.mail / "INBOX" / "new" / "1.2.3").write_bytes(new)
    for name in ("cur", "new", "tmp"):
        (mbsync.mail / "Near" / name).mkdir(parents=True)
    (mbsync.mail / "Near" / "cur" / "4.5.6:2,S").write_bytes(b"Subject: deep\n\nhello\n")
    mbsync.sync()
    with Second(server, user) as second:
        assert len(second.search("FLAGGED", "SEEN")) == 1
        data = second.ok(second.imap.uid("FETCH", str(second.search("FLAGGED")[0]), "(BODY.PEEK[])"))
        assert data[0][1] == flagged
        contents = [without_tuid(octets) for octets in second.contents()]
        assert gone not in contents and crlf(new) in contents
        assert second.select("Near") == 1

        # Far: a flag, a removal, a new message.
        second.select("INBOX")
        uids = second.search("UNFLAGGED")
        second.store(uids[0], "(\\Answered)")
        second.store(uids[1], "(\\Deleted)")
        second.ok(second.imap.expunge())
        second.append(b"Subject: from afar\r\n\r\nhello\r\n")
    count = len(mbsync.files())
    mbsync.sync()
    assert len(mbsync.files()) == count, "one came, one went"
    assert any("R" in file.name.partition(":2,")[2] for file in mbsync.files()), "the flag came"
    assert b"Subject: from afar\r\n\r\nhello\r\n" in mbsync.contents()
    before = mbsync.snapshot()
    mbsync.sync()
    assert mbsync.snapshot() == before, "the last run changed something"
