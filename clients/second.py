"""A second client beside the one under test: it looks, and it interferes."""

import imaplib

from server import PASSWORD


class Second:
    """A plain connection with a mailbox selected."""

    def __init__(self, server, user, mailbox="INBOX"):
        self.imap = imaplib.IMAP4(*server.imap)
        self.imap.login(user, PASSWORD)
        self.select(mailbox)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.imap.logout()

    @staticmethod
    def ok(answer):
        kind, data = answer
        assert kind == "OK", answer
        return data

    def select(self, mailbox):
        self.mailbox = mailbox
        return int(self.ok(self.imap.select(mailbox))[0])

    def flags(self, uid):
        self.ok(self.imap.noop())
        data = self.ok(self.imap.uid("FETCH", str(uid), "(FLAGS)"))
        return set(imaplib.ParseFlags(data[0])) if data[0] else None

    def store(self, uid, flags):
        self.ok(self.imap.uid("STORE", str(uid), "+FLAGS", flags))

    def search(self, *keys):
        self.ok(self.imap.noop())
        return [int(uid) for uid in self.ok(self.imap.uid("SEARCH", *keys))[0].split()]

    def latest_change(self):
        """The HIGHESTMODSEQ of the mailbox, which any change makes larger."""
        return self.ok(self.imap.status(self.mailbox, "(HIGHESTMODSEQ)"))[0]

    def append(self, message, mailbox="INBOX"):
        self.ok(self.imap.append(mailbox, None, None, message))

    def contents(self):
        if not self.search("ALL"):
            return []
        data = self.ok(self.imap.uid("FETCH", "1:*", "(BODY.PEEK[])"))
        return [part[1] for part in data if isinstance(part, tuple)]
