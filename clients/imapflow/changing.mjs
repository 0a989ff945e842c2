// Flags, new messages, copies, moves, mailboxes.

import assert from 'node:assert/strict';

const MESSAGE = 'From: ann@example.org\r\nSubject: =?utf-8?q?K=C3=A4se?=\r\n\r\nhello\r\n';
const BINARY = Buffer.from('Subject: octets\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n'
    + 'Content-Transfer-Encoding: binary\r\n\r\n\0\x01\0\xff\r\n', 'latin1');
const UID = { uid: true };

async function flagsOf(client, uid) {
    const { flags } = await client.fetchOne(uid, { flags: true }, UID);
    flags.delete('\\Recent');
    return [...flags].sort();
}

export async function flags({ client }, messages) {
    const [a, b, c] = messages.map((message) => message.uid);
    assert(await client.messageFlagsAdd([a, b], ['\\Seen', '$Work'], UID));
    assert(await client.messageFlagsRemove([b], ['\\Seen'], UID));
    assert(await client.messageFlagsSet([c], ['\\Flagged'], UID));
    assert(await client.setFlagColor([c], 'purple', UID));
    assert.deepEqual(await flagsOf(client, a), ['$Work', '\\Seen']);
    assert.deepEqual(await flagsOf(client, b), ['$Work']);
    assert((await client.fetchOne(c, { flags: true }, UID)).flagColor === 'purple');
    assert.deepEqual(await client.search({ keyword: '$Work' }, UID), [a, b]);
    assert.deepEqual(await client.search({ flagged: true, seen: false }, UID), [c]);
    await unchangedSince(client, a, messages[0].modseq);
}

/** A change that somebody else would lose is not made (RFC 7162 §3.1.3). */
async function unchangedSince(client, uid, stale) {
    await client.messageFlagsAdd([uid], ['$Late'], { uid: true, unchangedSince: stale });
    assert(!(await flagsOf(client, uid)).includes('$Late'));
    const { modseq } = await client.fetchOne(uid, { flags: true }, UID);
    await client.messageFlagsAdd([uid], ['$Late'], { uid: true, unchangedSince: modseq });
    assert((await flagsOf(client, uid)).includes('$Late'));
}

export async function appending({ client }) {
    const next = (await client.status('INBOX', { uidNext: true })).uidNext;
    const date = new Date('2001-02-03T04:05:06Z');
    const { uid, seq } = await client.append('INBOX', MESSAGE, ['\\Draft'], date);
    assert.equal(uid, next);
    assert.equal(seq, client.mailbox.exists);
    const back = await client.fetchOne(uid, { source: true, internalDate: true, envelope: true, flags: true }, UID);
    assert.equal(back.source.toString(), MESSAGE);
    assert.equal(back.envelope.subject, 'Käse');
    assert.deepEqual(new Date(back.internalDate), date);
    assert(back.flags.has('\\Draft'));
    assert.deepEqual(await client.search({ subject: 'käse' }, UID), [uid]);
    await withNul(client);
    return uid;
}

/** What has NUL comes and goes as a literal8 (RFC 3516 §4.4). */
async function withNul(client) {
    const { uid } = await client.append('INBOX', BINARY);
    const parts = await client.downloadMany(uid, ['1'], { uid: true, binary: true });
    assert.deepEqual(parts[1].content, BINARY.subarray(BINARY.indexOf('\r\n\r\n') + 4));
    assert(await client.messageDelete([uid], UID));
}

/** Copies keep their email id (RFC 8474 §5.1); what is moved or deleted is gone. */
export async function copying({ client }, uid) {
    await client.mailboxCreate('Büro/Käse & Brot');
    const before = client.mailbox.exists;
    const copied = await client.messageCopy([uid], 'Büro/Käse & Brot', UID);
    const moved = await client.messageMove([uid], 'Büro/Käse & Brot', UID);
    assert.equal(client.mailbox.exists, before - 1);
    const other = await client.mailboxOpen('Büro/Käse & Brot');
    assert.equal(other.exists, 2);
    const there = await client.fetchAll('1:*', { source: true });
    assert.deepEqual(there.map((message) => message.uid), [copied.uidMap.get(uid), moved.uidMap.get(uid)]);
    assert.equal(there[0].emailId, there[1].emailId);
    assert(await client.messageDelete([there[0].uid], UID));
    assert.equal(client.mailbox.exists, 1);
    assert.deepEqual(await client.search({ all: true }, UID), [there[1].uid]);
    await client.mailboxClose();
}

const paths = async (client) => (await client.list()).map((mailbox) => mailbox.path);

export async function mailboxes(session) {
    const { client } = session;
    const { mailboxId } = await client.mailboxOpen('Büro/Käse & Brot');
    await client.mailboxClose();
    await client.mailboxRename('Büro', 'Amt');
    const names = await paths(client);
    assert(names.includes('Amt/Käse & Brot') && !names.includes('Büro'));
    assert.equal((await client.mailboxOpen('Amt/Käse & Brot', { readOnly: true })).mailboxId, mailboxId);
    assert(client.mailbox.readOnly);
    await client.mailboxClose();
    const subscribed = async () => (await client.list()).filter((mailbox) => mailbox.subscribed).map((mailbox) => mailbox.path);
    assert((await subscribed()).includes('Amt/Käse & Brot'));
    await client.mailboxUnsubscribe('Amt/Käse & Brot');
    assert(!(await subscribed()).includes('Amt/Käse & Brot'));
    await session.refused('ALREADYEXISTS', () => client.mailboxCreate('Amt'));
    await session.refused('NONEXISTENT', () => client.mailboxDelete('Nowhere'));
    await client.mailboxDelete('Amt/Käse & Brot');
    await client.mailboxDelete('Amt');
    assert(!(await paths(client)).some((name) => name.startsWith('Amt')));
}
