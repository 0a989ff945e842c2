"""imapflow (Node): a modern client that enables all that it can. What it does is in `imapflow/`."""

import json
import subprocess
from pathlib import Path

from server import PASSWORD

CYCLE = Path(__file__).resolve().parent / "imapflow" / "cycle.mjs"


def cycle(server, supply, user, tls, **settings):
    mail = supply.take()
    server.account(user, mail)
    _, port = server.imaps if tls == "tls" else server.imap
    settings |= {
        "host": "localhost", "port": port, "tls": tls, "certificate": str(server.certificate),
        "user": user, "password": PASSWORD,
        "folder": str(mail.folder), "count": len(mail), "octets": sum(map(len, mail.messages)),
    }
    done = subprocess.run(["node", CYCLE, json.dumps(settings)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rev2_with_qresync_over_tls(server, supply):
    cycle(server, supply, "imapflow-tls", "tls", rev2=True, qresync=True)


def test_rev1_with_qresync_after_starttls(server, supply):
    cycle(server, supply, "imapflow-starttls", "starttls", rev2=False, qresync=True)


def test_rev2_with_condstore(server, supply):
    cycle(server, supply, "imapflow-plain", "none", rev2=True, qresync=False)
