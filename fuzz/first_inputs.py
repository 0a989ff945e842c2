"""First inputs of the targets that no dialog speaks to, in the forms that README.md describes."""

import json

MESSAGE = b"From: ann@example.org\r\nTo: ada@example.org\r\nSubject: one\r\n\r\nThe first.\r\n..dot\r\n.\r\n"
BEGIN = b"LHLO client.example\r\nMAIL FROM:<ann@example.org> BODY=8BITMIME SIZE=80\r\n"

LMTP = [
    BEGIN + b"RCPT TO:<ada>\r\nDATA\r\n" + MESSAGE + b"QUIT\r\n",
    BEGIN + b'RCPT TO:<"ada"@host>\r\nRCPT TO:<nobody>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n' + MESSAGE + b"NOOP\r\nQUIT\r\n",
    BEGIN + b"RCPT TO:<ada>\r\nRCPT TO:<bob>\r\nRSET\r\nDATA\r\nVRFY ada\r\n" + BEGIN[22:] + b"RCPT TO:<ada+work>\r\nDATA\r\n\r\n.\r\nQUIT\r\n",
    BEGIN + b"RCPT TO:<ada>\r\nBDAT 5\r\nab\r\nc" + b"BDAT 3 LAST\r\nd\r\nQUIT\r\n",
    b"HELO x\r\nEHLO x\r\nDATA\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\n\r\nLHLO [127.0.0.1]\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<a@\xc3\xa9.example>\r\nQUIT\r\n",
    BEGIN + b"RCPT TO:<ada>\r\nDATA\r\nSubject: bare\n.\n\r.\r\n.\r\r\n\n.\r\n.\r\n",
]

LMTP_COMMANDS = [
    b"LHLO client.example",
    b"LHLO [IPv6:2001:db8::1]",
    b"MAIL FROM:<ann@example.org> SIZE=1000 BODY=8BITMIME SMTPUTF8",
    b"MAIL FROM:<>",
    b"RCPT TO:<ada>",
    b'RCPT TO:<"a\\"d a"@example.org> ORCPT=rfc822;ada',
    b"RCPT TO:<@relay.example,@two.example:ada@example.org>",
    b"RCPT TO:<ada+work@[192.0.2.1]>",
    b"rcpt to: <j\xc3\xbcrgen@\xe4\xbe\x8b.example>",
    b"DATA",
    b"RSET",
    b"NOOP words",
    b"VRFY ada",
    b"BDAT 100 LAST",
    b"QUIT ",
]

SALTED = b"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTJzYWx0"

AUTH = [
    b"\0ada\0secret",
    b"ada\0ada\0secret",
    b"eve\0ada\0secret",
    "\0j\u00fcrgen\0\u00a0p\u00e4ss".encode(),
    b"adasec",
    b"ada+work@example.org",
    b"{PLAIN}secret",
    b"{SSHA256}" + SALTED,
    b"{SSHA512}" + SALTED + SALTED,
    b"{SSHA}" + SALTED[:32],
    b"$6$rounds=1000$saltsalt$" + b"a" * 86,
    b"{BLF-CRYPT}$2y$05$" + b"a" * 53,
    b"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$" + b"a" * 43,
    b"{SCRAM-SHA-256}4096,c2FsdA==," + SALTED[:43] + b"=," + SALTED[:43] + b"=",
    b"password",
]

TEXTS = [
    b"utf-8\nSubject: Re: [list] Fwd: caf\xc3\xa9 (fwd)",
    b"iso-8859-15\n\xa4 10 =A4 =\r\n soft",
    b"iso-2022-jp\n\x1b$B$3$s\x1b(B",
    b"utf-7\n+AGEAYg- &AOk-",
    b"utf-16\n\xff\xfea\0b\0",
    b"gb18030\n\x84\x31\xa4\x37",
    b"x-unknown\nbMOkbmdlcg==\r\n",
    b"utf-8''\nna%C3%AFve%2",
    b"utf-8\n=?utf-8?q?J=C3=BCrgen?= =?utf-8*de?b?w7w=?= =?x?z?",
    b"utf-8\nMon, 2 Jan 2023 10:00:00 +0100 (CET)",
    b"us-ascii\n<1@example.org> (comment) <\"a b\"@example.org>",
    b"utf-8\n<html><style>p{}</style><p title='x'>One &amp; two&nbsp;&#8364;</p><script>x</script></html>",
    b"utf-8\nOn Monday Ann wrote:\r\n> quoted\r\n>> twice\r\n-- \r\nAnn",
    b"a%*b\na/middle/b",
]


def edit(kind, file, at, octets=b""):
    return bytes([kind, file, at & 255, at >> 8, len(octets)]) + octets


OVERWRITE, INSERT, CUT, REMOVE, DELETE, COPY, FRAME = 0, 2, 3, 4, 5, 6, 7
ACCOUNTS = [
    *(bytes([number << 3 | mended]) for number in range(8) for mended in (0, 5)),
    *(bytes([number << 3 | 1]) + edit(OVERWRITE, file, 200, b"\xff") for number in range(1, 8) for file in range(0, 10, 3)),
    *(bytes([mended]) + edit(OVERWRITE, file, at, b"\xff") for mended in (0, 1) for file in range(6) for at in (8, 70, 200, 900)),
    *(b"\1" + edit(CUT, file, at) for file in range(6) for at in (0, 63, 500)),
    *(b"\0" + edit(DELETE, file, 0) for file in range(6)),
    *(b"\0" + edit(COPY, 1, name) for name in range(8)),
    *(b"\1" + edit(FRAME, file, 8, bytes([kind]) + b"\1\0\0\0\0\0\0\0abcdefgh") for file in (1, 200) for kind in range(9)),
    b"\1" + edit(INSERT, 1, 64, b"\0" * 64) + edit(REMOVE, 2, 100, b"\0" * 8),
]

def search(charset, encoding, place, needle, text):
    return bytes([encoding * 4 + charset, len(needle.encode()), place & 255, place >> 8]) + needle.encode() + text


SEARCHES = [
    search(0, 0, 10, "GR\u00fcSSE", "viele Gr\u00fc\u00dfe x".encode()),
    search(0, 1, 7, "k\u00fc", b"one K=C3=BCsse=\r\n two"),
    search(0, 2, 9, "one two", b"b25lIHR3byB0aHJlZQ==\r\n"),
    search(1, 0, 3000, "\u20ac", b"10 \xa4"),
    search(2, 0, 4, "\u4e2d", b"a \xd6\xd0 b"),
    search(3, 0, 2, "\u3053\u3093", b"a \x1b$B$3$s\x1b(B b"),
    search(1, 0, 2, "\u00fe\u00ff c", b"\xfe\xff c"),
    search(0, 0, 0, "", b"nothing"),
]

MBOX = b"From ann@example.org Mon Jan  2 10:00:00 2023\nStatus: RO\nX-Status: AF\nX-Keywords: one two\n\nThe first.\n>From here\n\nFrom x\n\nNext\n"
CONFIG = b'hostname = "mail.example"\n[limits]\nconnections = 10\nmessage_size = 1000\n[[listen]]\naddress = "127.0.0.1:143"\nprotocol = "imap"\n'
ACCOUNT = b'version = 1\nname = "ada"\ndisabled = false\npasswords = ["{PLAIN}secret"]\nhidden_capabilities = ["COMPRESS=DEFLATE"]\n'

FILES = [
    b"\0" + MBOX,
    b"\0" + MBOX.replace(b"\n", b"\r\n") + b"\0From ",
    b"\1one\ntwo\r\nthree\rfour\r\r\n\n",
    b"\0021700000000.M1P2.host,S=10,W=12:2,FRSTabz\n0 $Forwarded\n1 Junk\n25 two words",
    b"\2.Sent.2023.&AOk-",
    b"\3ada:{PLAIN}secret:1000:1000::/home/ada::userdb_mail=maildir:~/Maildir\n# comment\nbob:$6$salt$hash\n:\n",
    b"\4" + CONFIG,
    b"\4data = '/var/lib/rookery'\nuser = 'rookery'\nconfine = true\n[tls]\ncertificate = 'a.pem'\nkey = 'k.pem'\n",
    b"\5" + ACCOUNT,
    b"\5" + ACCOUNT.replace(b"version = 1", b"version = 9"),
]


def requests(*parts):
    frames = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
    return b"\1" + b"\xff".join(frames)


DETAILS = {"flags": ["\\Seen", "$Junk"], "received": 1700000000, "zone": 60}
ADMIN = [
    requests({"account_add": {"name": "bob", "password": {"clear": "long enough"}}}, {"account_list": {"after": None}}),
    requests({"account_add": {"name": "bob", "password": {"stored": "{PLAIN}secret"}}}, {"account_show": {"name": "bob"}}, {"account_delete": {"name": "bob"}}),
    requests({"account_set_disabled": {"name": "ada", "disabled": True}}, {"account_hide": {"name": "ada", "capabilities": ["IDLE"], "hidden": True}}),
    requests({"check": {"name": "ada", "repair": False}}),
    requests({"mailbox_create": {"account": "ada", "mailbox": "a/b", "special_use": "\\Archive"}}, {"mailbox_rename": {"account": "ada", "from": "a/b", "to": "c"}}, {"mailbox_list": {"account": "ada", "after": None}}),
    requests({"mailbox_status": {"account": "ada", "mailbox": "INBOX"}}, {"mailbox_set_append_limit": {"account": "ada", "mailbox": "INBOX", "limit": 100}}, {"mailbox_delete": {"account": "ada", "mailbox": "Sent"}}),
    requests({"deliver": {"account": "ada", "mailbox": None}}, b"Subject: one\r\n\r\nbody\r\n", b"", {"message_list": {"account": "ada", "mailbox": "INBOX", "after": None}}, {"message_content": {"account": "ada", "mailbox": "INBOX", "uid": 1}}),
    requests({"append": {"account": "ada", "mailbox": "new", "messages": [DETAILS, DETAILS]}}, b"one\r\n", b"", b"two\r\n", b"", {"mailbox_list": {"account": "ada", "after": "INBOX"}}),
    b"\0\0\0\0\1{" + b"\xff\xff\xff\xff",
]


def with_cut(conversations):
    """Each in pieces of one octet, of a few, and whole."""
    return [bytes([cut]) + octets for octets in conversations for cut in (0, 6, 255)]


FIRST_INPUTS = {
    "lmtp": with_cut(LMTP),
    "lmtp_command": LMTP_COMMANDS,
    "auth": AUTH,
    "text": TEXTS,
    "account": ACCOUNTS,
    "search": SEARCHES,
    "files": FILES,
    "admin": ADMIN,
}
