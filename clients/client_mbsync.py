"""mbsync (isync): everything into a Maildir and back, both ways, twice."""

import subprocess
import tempfile
from pathlib import Path

from mail import crlf
from maildir import Maildirs, both_ways, without_field
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
        self.maildirs = Maildirs(self.folder / "mail")
        self.maildirs.folder.mkdir()
        self.config.write_text(
            CONFIG.format(
                host=host, port=port, user=user, password=PASSWORD, folder=self.maildirs.folder, tls="\n".join(settings), mechanism="*" if tls != "None" else "LOGIN"
            )
        )

    def sync(self):
        """One run; what it says about what it did."""
        done = subprocess.run(["mbsync", "-c", self.config, "-a", "-V"], capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
        complaints = [line for line in done.stderr.splitlines() if "sent in the clear" not in line]
        assert not complaints, complaints
        return done.stdout

    def settle(self):
        """A run that must have nothing to do."""
        self.sync()

    @staticmethod
    def kept(octets):
        """It marks what it carries with a header field of its own."""
        return without_field(octets, b"X-TUID")

    def contents(self):
        return [self.kept(octets) for octets in self.maildirs.contents()]


def without_bare_cr(message):
    """A CR without LF does not survive mbsync; nine messages of the corpus have some."""
    return crlf(message.replace(b"\r", b""))


def everything(server, supply, user, tls, count, fit=lambda message: True):
    mail = supply.take(count, fit)
    server.account(user, mail)
    mbsync = Mbsync(server, user, tls)
    mbsync.sync()
    mail.check(mbsync.contents(), f"Maildir, {tls}", without_bare_cr)
    before = mbsync.maildirs.snapshot()
    mbsync.settle()
    assert mbsync.maildirs.snapshot() == before, "the second run changed something"
    with Second(server, user) as second:
        assert second.search("UNSEEN") == list(range(1, len(mail) + 1)), "syncing changed flags"
        mail.check(second.contents(), "IMAP after the sync")
    return mbsync


def test_everything(server, supply):
    everything(server, supply, "mbsync-all", "None", None)


def test_everything_over_tls(server, supply):
    everything(server, supply, "mbsync-tls", "IMAPS", None)


def test_both_ways_again_and_again(server, supply):
    user = "mbsync-both"
    mbsync = everything(server, supply, user, "STARTTLS", 100, lambda message: without_bare_cr(message) == message)
    # A mailbox from here, one from there.
    mbsync.maildirs.add("1.1", b"Subject: first\n\nhello\n", "S", "Near")
    with Second(server, user) as second:
        second.ok(second.imap.create("B&APw-ro"))
        second.append(b"Subject: first\r\n\r\nhello\r\n", "B&APw-ro")
    mbsync.sync()
    both_ways(server, user, mbsync, {"INBOX": "INBOX", "Near": "Near", "B&APw-ro": "B&APw-ro"})
