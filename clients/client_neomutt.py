"""neomutt without a terminal's user: commands pushed into it do what fingers would."""

import os
import pty
import select
import subprocess
import tempfile
import time
from pathlib import Path

from mail import crlf
from second import Second
from server import PASSWORD

SECONDS = 60


class Neomutt:
    """neomutt with a configuration of its own for one account."""

    def __init__(self, server, user, tls):
        self.folder = Path(tempfile.mkdtemp(dir=server.folder))
        scheme, port = ("imaps", server.imaps[1]) if tls else ("imap", server.imap[1])
        self.base = f"{scheme}://{user}@localhost:{port}/"
        (self.folder / "muttrc").write_text(
            f'''set imap_user="{user}" imap_pass="{PASSWORD}" folder="{self.base}" spoolfile="{self.base}INBOX"
set certificate_file="{server.certificate}" ssl_starttls=no ssl_verify_host=no {"" if tls else "ssl_force_tls=no"}
set header_cache="" message_cachedir="" record="" postponed="{self.base}Drafts" mbox="" move=no
set delete=yes confirmappend=no confirmcreate=no quit=yes mark_old=no wait_key=no sleep_time=0 mail_check=1
set mbox_type=Maildir abort_key="\\\\c]" copy_decode_weed=no
'''
        )

    def push(self, keys, mailbox="INBOX"):
        """Open a mailbox, let these keys be pressed, and wait for the end."""
        command = ["neomutt", "-n", "-F", str(self.folder / "muttrc"), "-f", self.base + mailbox, "-e", f'push "{keys}"']
        environment = {**os.environ, "TERM": "vt100", "HOME": str(self.folder), "LINES": "40", "COLUMNS": "120"}
        terminal, inner = pty.openpty()
        process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=environment, start_new_session=True)
        os.close(inner)
        shown = drain(terminal, process)
        os.close(terminal)
        assert process.poll() == 0, (keys, process.poll(), shown[-1500:])


def drain(terminal, process):
    """Read what is shown until the process ends, so that it never waits for the terminal."""
    shown = b""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            break
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                process.wait(timeout=5)
    return shown


def cycle(server, supply, user, tls):
    mail = supply.take(60)
    server.account(user, mail)
    neomutt = Neomutt(server, user, tls)

    # Copy everything into a Maildir.
    copy = neomutt.folder / "copy"
    neomutt.push(f"<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>{copy}<enter><exit>", "INBOX")
    files = [*copy.glob("cur/*"), *copy.glob("new/*")] if copy.is_dir() else []
    taken = [crlf(file.read_bytes()) for file in files] if files else split_mbox(copy)
    compare(mail, taken)

    # Flag the first, save the second elsewhere, delete the third.
    neomutt.push(
        "<first-entry><flag-message><first-entry><next-entry>"
        f"<save-message><kill-line>{neomutt.base}Archive<enter><first-entry><next-entry><next-entry><delete-message><sync-mailbox><quit>"
    )
    with Second(server, user) as second:
        assert len(second.search("ALL")) == len(mail) - 2, second.search("ALL")
        assert len(second.search("FLAGGED")) == 1
        assert second.select("Archive") == 1
        second.select("INBOX")

        # Another client marks one; neomutt deletes what is marked.
        uid = second.search("UNFLAGGED")[0]
        second.store(uid, "(\\Answered)")
        neomutt.push("<delete-pattern>~Q<enter><sync-mailbox><quit>")
        assert uid not in second.search("ALL")

    # Append: a draft is uploaded from a file.
    draft = neomutt.folder / "draft"
    draft.write_bytes(b"From ann@example.org Mon Jan  2 10:00:00 2023\nFrom: ann@example.org\nSubject: draft\n\nhello\n\n")
    local = neomutt.folder / "muttrc"
    local.write_text(local.read_text() + "\n")
    upload(neomutt, draft)
    with Second(server, user, "Drafts") as second:
        assert any(b"Subject: draft" in message for message in second.contents())


def upload(neomutt, mbox):
    base, neomutt_base = str(mbox), neomutt.base
    neomutt.base = ""
    try:
        neomutt.push(f"<copy-message><kill-line>{neomutt_base}Drafts<enter><exit>", base)
    finally:
        neomutt.base = neomutt_base


def split_mbox(file):
    import mailbox

    return [crlf(message.as_bytes(unixfrom=False)) for message in mailbox.mbox(file)]


def compare(mail, taken):
    """neomutt adds Status lines and escapes From; bodies must be the same otherwise."""
    assert len(taken) == len(mail), (len(taken), len(mail))
    want, have = (sorted(body(message) for message in messages) for messages in (mail.messages, taken))
    different = [(w, h) for w, h in zip(want, have) if w != h]
    assert not different, (len(different), different[0])


def body(message):
    return message.partition(b"\r\n\r\n")[2].rstrip(b"\r\n")


def test_whole_cycle(server, supply):
    cycle(server, supply, "neomutt-plain", False)


def test_whole_cycle_over_tls(server, supply):
    cycle(server, supply, "neomutt-tls", True)
