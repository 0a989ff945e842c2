"""curl: URLs of IMAP, plain and over TLS."""

import subprocess

from second import Second
from server import PASSWORD


def curl(server, user, path, *options, tls=None, data=None):
    """What curl prints for a URL below the server."""
    scheme, (_, port) = ("imaps", server.imaps) if tls == "imaps" else ("imap", server.imap)
    security = {None: [], "imaps": ["--cacert", server.certificate], "starttls": ["--ssl-reqd", "--cacert", server.certificate]}
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "60", *security[tls], "-u", f"{user}:{PASSWORD}", *options,
         f"{scheme}://localhost:{port}/{path}"],
        capture_output=True, input=data, timeout=120,
    )
    assert done.returncode == 0, (path, options, done.returncode, done.stderr)
    return done.stdout


def cycle(server, supply, user, tls):
    mail = supply.take(20)
    server.account(user, mail)

    def ask(path, *options, data=None):
        return curl(server, user, path, *options, tls=tls, data=data)

    assert b"INBOX" in ask("")
    uids = ask("INBOX?ALL").split()[2:]
    assert len(uids) == len(mail), uids
    mail.check([ask(f"INBOX;UID={uid.decode()}") for uid in uids], "curl")
    head = ask("INBOX;UID=1;SECTION=HEADER")
    assert mail_starts_with(mail, head)

    message = b"Subject: from curl\r\n\r\nhello\r\n"
    file = server.folder / f"{user}.eml"
    file.write_bytes(message)
    ask("INBOX", "-T", file)
    new = str(len(mail) + 1)
    assert ask(f"INBOX;UID={new}") == message
    ask("INBOX", "-X", f"UID STORE {new} +FLAGS (\\Flagged)")
    ask("", "-X", "CREATE Work")
    ask("INBOX", "-X", f"UID MOVE {new} Work")
    assert ask("Work;UID=1") == message
    with Second(server, user, "Work") as second:
        assert "\\Flagged" in {flag.decode() for flag in second.flags(1)}
        second.append(message, "Work")
    assert b"EXISTS" not in ask("Work?ALL") and ask("Work?ALL").split()[2:] == [b"1", b"2"]
    ask("Work", "-X", "UID STORE 2 +FLAGS (\\Deleted)")
    ask("Work", "-X", "EXPUNGE")
    assert ask("Work?ALL").split()[2:] == [b"1"]


def mail_starts_with(mail, head):
    return any(message.startswith(head) for message in mail.messages)


def test_whole_cycle(server, supply):
    cycle(server, supply, "curl-plain", None)


def test_whole_cycle_over_tls(server, supply):
    cycle(server, supply, "curl-tls", "imaps")


def test_whole_cycle_with_starttls(server, supply):
    cycle(server, supply, "curl-starttls", "starttls")
