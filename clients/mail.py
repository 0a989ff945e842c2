"""Messages to work with, and what they must look like when they come back."""

import hashlib
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "ham.tar.zst"
USUAL = int(os.environ.get("ROOKERY_MAIL", "300"))


def crlf(octets):
    """The message as it goes over the wire."""
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


class Mail:
    """A folder of messages, one a file."""

    def __init__(self, folder):
        self.folder = folder
        self.messages = [crlf(file.read_bytes()) for file in sorted(folder.rglob("*.eml"))]

    def __len__(self):
        return len(self.messages)

    def check(self, fetched, what, kept=lambda message: message):
        """Demand that exactly these messages came, in any order, as far as the client keeps them."""
        want = Counter(digest(kept(message)) for message in self.messages)
        have = Counter(map(digest, fetched))
        missing, extra = want - have, have - want
        if missing or extra:
            raise AssertionError(f"{what}: {sum(missing.values())} of {len(self)} missing, {sum(extra.values())} others")


class Supply:
    """Folders of any number of messages: real ones if the corpus is there, else generated."""

    def __init__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="rookery-mail-"))
        self._all = self._folder / "all"
        self._all.mkdir()
        self.real = CORPUS.exists()
        if self.real:
            subprocess.run(["tar", "--zstd", "-xf", CORPUS, "-C", self._all], check=True)
        else:
            print(f"{CORPUS.parent.name}/{CORPUS.name} is not there: mail is generated")
            self._generate(2000)
        self._files = sorted(self._all.rglob("*.eml"))

    def _generate(self, count):
        chance = random.Random(9051)
        for number in range(count):
            words = " ".join(chance.choice(["käse", "rook", "nest", "=3D", "From ", "."]) for _ in range(chance.randrange(400)))
            text = f"From: a{number}@example.org\nSubject: number {number}\nMessage-ID: <{number}@example.org>\n"
            text += f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"
            (self._all / f"{number:05}.eml").write_bytes(text.encode())

    def take(self, count=USUAL, fit=lambda message: True):
        """Some of the messages, spread over all of them, and those of them that are fit; all with `None`."""
        files = self._files if count is None else self._files[:: max(1, len(self._files) // count)][:count]
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        for file in files:
            if fit(crlf(file.read_bytes())):
                os.link(file, folder / file.name)
        return Mail(folder)

    def close(self):
        shutil.rmtree(self._folder)
