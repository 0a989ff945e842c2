"""fetchmail: takes everything, hands each message to a program, and removes what it took."""

import os
import subprocess
import tempfile
from pathlib import Path

from mail import crlf
from second import Second
from server import PASSWORD


def fetch(server, user, tls, *options):
    """Run fetchmail once; the messages that it handed over, and its exit code."""
    folder = Path(tempfile.mkdtemp(dir=server.folder))
    box = folder / "box"
    box.mkdir()
    port = server.imaps[1] if tls else server.imap[1]
    security = f'ssl sslcertck sslcertfile "{server.certificate}"' if tls else 'sslproto ""'
    config = folder / "fetchmailrc"
    config.write_text(
        f'set invisible\npoll localhost protocol imap port {port} auth password\n'
        f'  user "{user}" password "{PASSWORD}" {security}\n'
        f'  mda "cat > {box}/$$.eml" {" ".join(options)} norewrite no mimedecode no forcecr\n'
    )
    config.chmod(0o600)
    done = subprocess.run(
        ["fetchmail", "-f", config, "--pidfile", folder / "pid", "-i", folder / "ids", "-v", "-v", "-N", "-d0"],
        capture_output=True, text=True, timeout=300, env={**os.environ, "FETCHMAILHOME": str(folder), "HOME": str(folder)},
    )
    assert done.returncode in (0, 1), (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return [crlf(file.read_bytes()) for file in sorted(box.glob("*.eml"))], done.returncode


def cycle(server, supply, user, tls):
    mail = supply.take(40)
    server.account(user, mail)
    taken, _ = fetch(server, user, tls, "keep", "fetchall")
    compare(mail, taken)
    with Second(server, user) as second:
        assert second.search("ALL") == list(range(1, len(mail) + 1)), "keep keeps"
        assert second.search("SEEN") == list(range(1, len(mail) + 1)), "what was taken is seen"
        second.append(b"Subject: one more\r\n\r\nhello\r\n")
    taken, _ = fetch(server, user, tls, "nokeep")
    assert len(taken) == 1 and taken[0].endswith(b"Subject: one more\r\n\r\nhello\r\n"), taken
    taken, _ = fetch(server, user, tls, "nokeep", "fetchall")
    compare(mail, taken)
    with Second(server, user) as second:
        assert second.search("ALL") == [], "all were removed"
    assert fetch(server, user, tls, "nokeep") == ([], 1), "nothing is left"


def compare(mail, taken):
    """fetchmail ends each message with a line end, and drops NUL; bodies must be the same otherwise."""
    assert len(taken) == len(mail), (len(taken), len(mail))
    want = sorted(body(message) for message in mail.messages)
    have = sorted(body(message) for message in taken)
    assert want == have, next((w, h) for w, h in zip(want, have) if w != h)


def body(message):
    return message.partition(b"\r\n\r\n")[2].rstrip(b"\r\n")


def test_whole_cycle(server, supply):
    cycle(server, supply, "fetchmail-plain", False)


def test_whole_cycle_over_tls(server, supply):
    cycle(server, supply, "fetchmail-tls", True)
