"""IMAPClient, a library that parses answers strictly; and IDLE with mail that comes by LMTP."""

import smtplib
import ssl
import threading
import time

from imapclient import IMAPClient

from second import Second
from server import PASSWORD

# The promise is 100 ms; a busy test machine gets some more.
PUSH_SECONDS = 0.1
PATIENCE_SECONDS = 5


def connect(server, user, tls):
    if tls:
        context = ssl.create_default_context(cafile=server.certificate)
        client = IMAPClient(server.imaps[0], port=server.imaps[1], ssl_context=context)
    else:
        client = IMAPClient(server.imap[0], port=server.imap[1], ssl=False)
    client.login(user, PASSWORD)
    return client


def cycle(server, supply, user, tls):
    mail = supply.take()
    server.account(user, mail)
    client = connect(server, user, tls)
    folders = {name: flags for flags, _, name in client.list_folders()}
    assert b"\\Trash" in folders["Trash"], folders
    assert client.find_special_folder(b"\\Sent") == "Sent"
    assert client.namespace().personal == (("", "/"),)

    selected = client.select_folder("INBOX")
    assert selected[b"EXISTS"] == len(mail) and selected[b"UIDNEXT"] == len(mail) + 1
    uids = client.search()
    fetched = client.fetch(uids, ["BODY.PEEK[]", "ENVELOPE", "BODYSTRUCTURE", "FLAGS", "INTERNALDATE", "RFC822.SIZE"])
    mail.check([item[b"BODY[]"] for item in fetched.values()], "fetch")
    assert all(item[b"RFC822.SIZE"] == len(item[b"BODY[]"]) for item in fetched.values())
    assert all(item[b"ENVELOPE"] is not None and item[b"BODYSTRUCTURE"] for item in fetched.values())

    client.add_flags(uids[:3], [b"\\Seen", b"$Label"])
    assert client.search(["KEYWORD", "$Label"]) == uids[:3]
    answer = client.append("INBOX", b"Subject: new\r\n\r\nnew\r\n", flags=[b"\\Draft"])
    assert f" {len(mail) + 1}]".encode() in answer, answer
    client.create_folder("Büro")
    assert client.folder_exists("Büro")
    client.move([uids[0]], "Büro")
    assert client.folder_status("Büro", ["MESSAGES"])[b"MESSAGES"] == 1
    client.copy([uids[1]], "Büro")
    client.delete_messages([uids[1]])
    client.uid_expunge([uids[1]])
    assert client.search() == uids[2:] + [len(mail) + 1]

    with Second(server, user) as second:
        second.store(uids[5], "(\\Flagged)")
    client.noop()
    assert client.search("FLAGGED") == [uids[5]]
    client.logout()


def test_whole_cycle(server, supply):
    cycle(server, supply, "imapclient-plain", False)


def test_whole_cycle_over_tls(server, supply):
    cycle(server, supply, "imapclient-tls", True)


def test_delivery_reaches_idle(server, supply):
    user = server.account("imapclient-idle")
    client = connect(server, user, False)
    client.select_folder("INBOX")
    times = []
    for number in range(1, 6):
        client.idle()
        arrived = []

        def watch():
            responses = client.idle_check(timeout=PATIENCE_SECONDS)
            arrived.append((time.monotonic(), responses))

        watcher = threading.Thread(target=watch)
        watcher.start()
        time.sleep(0.05)
        with smtplib.LMTP(*server.lmtp) as lmtp:
            lmtp.sendmail("ann@example.org", [user], f"Subject: {number}\r\n\r\nhello\r\n".encode())
            delivered = time.monotonic()
        watcher.join()
        client.idle_done()
        assert (number, b"EXISTS") in arrived[0][1], arrived
        times.append(arrived[0][0] - delivered)
    assert sorted(times)[len(times) // 2] < PUSH_SECONDS, times
    client.logout()


def test_delivered_octets_are_exact(server, supply):
    user = server.account("imapclient-lmtp")
    message = b"Subject: dots\r\n\r\n.\r\n..\r\n.hidden\r\nna\xefve\r\n"
    # One recipient at a time: smtplib reads a single answer after DATA.
    for recipient in (user, f"{user}+detail"):
        with smtplib.LMTP(*server.lmtp) as lmtp:
            lmtp.sendmail("ann@example.org", [recipient], message)
    client = connect(server, user, False)
    fetched = []
    for _, _, folder in client.list_folders():
        client.select_folder(folder, readonly=True)
        fetched += [item[b"BODY[]"] for item in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]
    assert len(fetched) == 2, fetched
    for octets in fetched:
        assert octets.endswith(message) and b"Return-Path: <ann@example.org>\r\n" in octets, octets
    client.logout()
