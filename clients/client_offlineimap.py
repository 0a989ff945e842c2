"""OfflineIMAP 3: an account and a Maildir, kept in step both ways, again and again."""

import os
import subprocess
import sys
import tempfile
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from mail import USUAL
from maildir import Maildirs, both_ways, without_field
from second import Second
from server import PASSWORD

PROGRAM = Path(sys.executable).parent / "offlineimap"

CONFIG = """
[general]
accounts = rookery
metadata = {folder}/state
ui = basic
socktimeout = 60

[Account rookery]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {folder}/mail
sync_deletes = yes

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {user}
remotepass = {password}
{tls}
maxconnections = 2
sync_deletes = yes
expunge = yes
"""

# Without TLS 1.3: there, after STARTTLS, one of its threads reads session tickets from the very TLS object to which another
# writes CAPABILITY, which is lost once in a hundred times; a minute later it tries again.
OPENSSL = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = versions
[versions]
MaxProtocol = TLSv1.2
"""

# What it says when something is wrong, and when it changes something.
COMPLAINTS = ("ERROR", "WARNING", "has defects")
CHANGES = ("Copy message", "Adding flag", "Deleting", "Moving", "Creating")

# As OfflineIMAP sets it.
POLICY = policy.default.clone(message_factory=EmailMessage, cte_type="8bit", utf8=True, refold_source="none", linesep="\r\n")

TLS = {
    "none": "ssl = no\nstarttls = no\nauth_mechanisms = LOGIN",
    "starttls": "ssl = no\nstarttls = yes\nsslcacertfile = {certificate}",
    "tls": "ssl = yes\nsslcacertfile = {certificate}",
}


class OfflineImap:
    """Maildirs that are kept in step with an account."""

    def __init__(self, server, user, tls):
        self.folder = Path(tempfile.mkdtemp(dir=server.folder))
        self.maildirs = Maildirs(self.folder / "mail")
        self.config = self.folder / "config"
        _, port = server.imaps if tls == "tls" else server.imap
        security = TLS[tls].format(certificate=server.certificate)
        settings = CONFIG.format(folder=self.folder, port=port, user=user, password=PASSWORD, tls=security)
        self.config.write_text(settings, "utf-8")
        self.environment = {**os.environ, "HOME": str(self.folder)}
        if tls == "starttls":
            (self.folder / "openssl").write_text(OPENSSL)
            self.environment["OPENSSL_CONF"] = str(self.folder / "openssl")

    def sync(self):
        """One run; what it says about what it did."""
        done = subprocess.run(
            [sys.executable, PROGRAM, "-c", self.config, "-o"],
            capture_output=True, text=True, timeout=300, env=self.environment,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0 and not any(word in said for word in COMPLAINTS), said[-3000:]
        return said

    def settle(self):
        """A run that must have nothing to do."""
        said = self.sync()
        assert not any(word in said for word in CHANGES), f"a change was left: {said[-3000:]}"

    @staticmethod
    def kept(octets):
        """After STARTTLS and login it does not ask again what the server can do, misses UIDPLUS, and marks what it carries."""
        return without_field(octets, b"X-OfflineIMAP")


def kept_by_python(octets):
    """Does Python's email package, through which OfflineIMAP passes all mail, leave the message as it is?"""
    message = BytesParser(policy=POLICY).parsebytes(octets)
    return not message.defects and message.as_bytes(policy=POLICY) == octets


def everything(server, supply, user, tls, count):
    mail = supply.take(count, kept_by_python)
    server.account(user, mail)
    program = OfflineImap(server, user, tls)
    assert any(word in program.sync() for word in CHANGES)
    mail.check(program.maildirs.contents(), "Maildir")
    program.settle()
    with Second(server, user) as second:
        assert second.search("UNSEEN") == list(range(1, len(mail) + 1)), "syncing changed flags"
    return program


def test_both_ways_again_and_again(server, supply):
    user = "offlineimap-plain"
    program = everything(server, supply, user, "none", 50)
    # A mailbox from here (one level deep: it makes no superiors), one from there.
    program.maildirs.add("1.1", b"Subject: first\n\nhello\n", "S", "Near")
    with Second(server, user) as second:
        second.ok(second.imap.create("Far/B&APw-ro"))
    program.sync()
    with Second(server, user, "Near") as second:
        assert second.search("SEEN") == [1]
    both_ways(server, user, program, {"INBOX": "INBOX", "Far/B&APw-ro": "Far.B&APw-ro"})


def test_both_ways_after_starttls(server, supply):
    both_ways(server, "offlineimap-starttls", everything(server, supply, "offlineimap-starttls", "starttls", 50))


def test_everything_over_tls(server, supply):
    everything(server, supply, "offlineimap-tls", "tls", USUAL)
