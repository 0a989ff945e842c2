"""As much of Marionette, Mozilla's remote control, as it takes to run a script in Thunderbird's own window."""

import base64
import json
import socket
import time

PATIENCE_SECONDS = 120


class Marionette:
    """A session with a program that was started with `--marionette`."""

    def __init__(self, port):
        self._socket = self._reach(port)
        self._last = 0
        self._receive()
        self._call("WebDriver:NewSession", {})
        self._call("Marionette:SetContext", {"value": "chrome"})

    @staticmethod
    def _reach(port):
        """The program listens only after it has shown its first window."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def _receive(self):
        """A packet: its length in digits, a colon, JSON."""
        digits = b""
        while not digits.endswith(b":"):
            digits += self._octets(1)
        return json.loads(self._octets(int(digits[:-1])))

    def _octets(self, count):
        octets = b""
        while len(octets) < count:
            piece = self._socket.recv(count - len(octets))
            if not piece:
                raise ConnectionError("the program has ended")
            octets += piece
        return octets

    def _call(self, command, parameters):
        self._last += 1
        packet = json.dumps([0, self._last, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(packet), packet))
        _, _, error, result = self._receive()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return result

    def run(self, script, *arguments):
        """What a script returns; it sees `arguments`."""
        return self._call("WebDriver:ExecuteScript", {"script": script, "args": arguments, "newSandbox": False})["value"]

    def until(self, script, *arguments, what):
        """Wait until a script returns something true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not happen in {PATIENCE_SECONDS} s")
            time.sleep(0.2)
        return value

    def screenshot(self):
        """The window as a PNG."""
        return base64.b64decode(self._call("WebDriver:TakeScreenshot", {"full": False})["value"])

    def quit(self):
        self._call("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._socket.close()
