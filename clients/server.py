"""The server as a process of its own, with accounts and mail."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "rookery"
PASSWORD = "three-tulips"
START_SECONDS = 20


class Server:
    """`rookery serve` in a temporary folder; `imap`, `imaps` and `lmtp` are (host, port)."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="rookery-clients-"))
        self.data = self.folder / "data"
        self.certificate = self.folder / "cert.pem"
        self._make_certificate()
        self._log = open(self.folder / "log", "wb")
        self._process = subprocess.Popen(
            [
                BINARY, "serve", "--data", self.data, "--allow-plaintext",
                "--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0", "--lmtp", "127.0.0.1:0",
                "--tls-cert", self.certificate, "--tls-key", self.folder / "key.pem",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )
        ready = self._process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise RuntimeError(f"the server did not start: {ready} {self.log()}")
        for word in ready[1:]:
            name, address = word.split("=")
            host, port = address.rsplit(":", 1)
            setattr(self, name, (host, int(port)))

    def _make_certificate(self):
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", self.folder / "key.pem", "-out", self.certificate, "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ],
            check=True, capture_output=True,
        )

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def command(self, *arguments, **options):
        """Run `rookery` with these arguments beside the running server; what it printed."""
        done = subprocess.run(
            [BINARY, *arguments, "--data", self.data], capture_output=True, timeout=600, **options
        )
        if done.returncode != 0:
            raise RuntimeError(f"rookery {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def account(self, name, mail=None):
        """Make an account, and import the messages of a folder."""
        self.command("account", "add", name, "--password-stdin", input=f"{PASSWORD}\n".encode())
        if mail is not None:
            self.command("import", name, "--eml", mail.folder, "--mailbox", "INBOX")
        return name

    def stop(self):
        """SIGTERM must end it cleanly and soon."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=30)
        self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self.folder)
        if code != 0:
            raise RuntimeError(f"the server ended with {code}")
