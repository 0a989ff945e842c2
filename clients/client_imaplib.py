"""Python's imaplib: the plainest client there is."""

import imaplib
import ssl
import time

from second import Second
from server import PASSWORD

MESSAGE = b"From: ann@example.org\r\nSubject: appended\r\n\r\nhello\r\n"


def cycle(imap, server, supply, user):
    """List, fetch, flag, append, move, expunge, and see another client's change."""
    mail = supply.take()
    server.account(user, mail)
    ok = Second.ok
    ok(imap.login(user, PASSWORD))
    names = [line.decode() for line in ok(imap.list())]
    assert any(line.endswith(("INBOX", '"INBOX"')) for line in names), names
    assert any("\\Drafts" in line for line in names), names

    assert int(ok(imap.select("INBOX"))[0]) == len(mail)
    data = ok(imap.fetch("1:*", "(BODY.PEEK[])"))
    mail.check([part[1] for part in data if isinstance(part, tuple)], "FETCH BODY.PEEK[]")
    data = ok(imap.fetch("1:*", "(BODY.PEEK[HEADER] BODY.PEEK[TEXT])"))
    parts = [part[1] for part in data if isinstance(part, tuple)]
    mail.check([head + text for head, text in zip(parts[::2], parts[1::2])], "HEADER and TEXT")

    ok(imap.store("2", "+FLAGS", "(\\Seen $Work)"))
    assert ok(imap.search(None, "SEEN")) == [b"2"]
    ok(imap.append("INBOX", "(\\Draft)", time.time(), MESSAGE))
    uid = ok(imap.uid("SEARCH", "SUBJECT", "appended"))[0].split()[-1].decode()
    assert ok(imap.uid("FETCH", uid, "(BODY.PEEK[])"))[0][1] == MESSAGE

    ok(imap.create("Work/Now"))
    ok(imap.uid("MOVE", uid, "Work/Now"))
    assert int(ok(imap.select("Work/Now"))[0]) == 1
    assert int(ok(imap.select("INBOX"))[0]) == len(mail)
    with Second(server, user) as second:
        second.store(5, "(\\Flagged)")
        second.store(1, "(\\Deleted)")
        second.ok(second.imap.expunge())
        ok(imap.noop())
        assert ok(imap.search(None, "FLAGGED")) == [b"4"]
        ok(imap.store("1", "+FLAGS", "(\\Deleted)"))
        # imaplib keeps the EXPUNGE that NOOP brought, too.
        assert ok(imap.expunge()) == [b"1", b"1"]
        assert second.search("ALL") == list(range(3, len(mail) + 1))
    ok(imap.close())
    imap.logout()


def context(server):
    return ssl.create_default_context(cafile=server.certificate)


def test_whole_cycle(server, supply):
    cycle(imaplib.IMAP4(*server.imap), server, supply, "imaplib-plain")


def test_whole_cycle_over_tls(server, supply):
    cycle(imaplib.IMAP4_SSL(*server.imaps, ssl_context=context(server)), server, supply, "imaplib-tls")


def test_whole_cycle_with_starttls(server, supply):
    imap = imaplib.IMAP4(*server.imap)
    imap.starttls(context(server))
    cycle(imap, server, supply, "imaplib-starttls")


def test_wrong_password(server, supply):
    server.account("imaplib-wrong")
    imap = imaplib.IMAP4(*server.imap)
    try:
        imap.login("imaplib-wrong", "guess")
    except imaplib.IMAP4.error as error:
        assert "AUTHENTICATIONFAILED" in str(error), error
    else:
        raise AssertionError("a wrong password opened the account")
    imap.shutdown()
