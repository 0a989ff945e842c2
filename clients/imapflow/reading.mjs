// Listing, fetching, searching: nothing is changed.

import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { check } from './mail.mjs';

const STATUS = { messages: true, uidNext: true, uidValidity: true, unseen: true, highestModseq: true, size: true };
/** Encodings that client and server must decode alike. */
const DECODED = ['7bit', '8bit', 'base64', 'quoted-printable'];
/** So many messages are downloaded part by part. */
const SAMPLE = 40;

export async function extensions({ client }, settings) {
    assert.equal(client.secureConnection, settings.tls !== 'none');
    assert.equal(client.enabled.has('IMAP4REV2'), settings.rev2);
    assert.equal(client.enabled.has('QRESYNC'), settings.qresync);
    assert(client.enabled.has('CONDSTORE') && client.capabilities.has('OBJECTID'));
    assert.equal(client.namespace.delimiter, '/');
    if (client.capabilities.has('COMPRESS=DEFLATE')) {
        assert(client._inflate, 'imapflow compresses where it can');
    }
}

export async function listing({ client }, settings) {
    const mailboxes = await client.list({ statusQuery: STATUS });
    const inbox = mailboxes.find((mailbox) => mailbox.path === 'INBOX');
    assert.equal(inbox.status.messages, settings.count);
    assert.equal(inbox.status.unseen, settings.count);
    assert.equal(inbox.status.uidNext, settings.count + 1);
    assert.equal(inbox.status.size, settings.octets);
    assert(inbox.status.highestModseq > 0n && inbox.status.uidValidity > 0n);
    const trash = mailboxes.find((mailbox) => mailbox.specialUse === '\\Trash');
    assert.equal(trash.specialUseSource, 'extension');
    assert(mailboxes.every((mailbox) => mailbox.subscribed && mailbox.status));
}

/** Everything of every message; all of it as imapflow understood it. */
export async function everything({ client }, settings) {
    const opened = await client.mailboxOpen('INBOX');
    assert.equal(opened.exists, settings.count);
    assert(opened.mailboxId && opened.highestModseq && !opened.readOnly && opened.permanentFlags.has('\\*'));
    const query = { full: true, source: true, headers: true, threadId: true };
    const messages = await client.fetchAll('1:*', query);
    check(settings.folder, messages.map((message) => message.source));
    assert.equal(new Set(messages.map((message) => message.emailId)).size, settings.count);
    for (const message of messages) {
        assert(message.envelope && message.bodyStructure?.type && message.internalDate && message.modseq);
        assert.equal(message.size, message.source.length);
        assert(message.source.subarray(0, message.headers.length).equals(message.headers));
        assert(!settings.rev2 || !message.flags.has('\\Recent'), 'IMAP4rev2 has no \\Recent');
    }
    return messages;
}

/** The parts of a message that are no multipart. */
function leaves(node) {
    return node.childNodes ? node.childNodes.flatMap(leaves) : [node];
}

/** Parts as the server decodes them and as imapflow does, and whole messages in pieces. */
export async function downloads({ client }, messages) {
    const step = Math.max(1, Math.floor(messages.length / SAMPLE));
    for (const message of messages.filter((_, at) => at % step === 0)) {
        const { content } = await client.download(message.uid, undefined, { uid: true, chunkSize: 1000 });
        assert(message.source.equals(await buffer(content)), `message ${message.uid} in pieces`);
        const parts = leaves(message.bodyStructure).filter((leaf) => leaf.part && DECODED.includes(leaf.encoding));
        await decoded(client, message.uid, parts.map((leaf) => leaf.part));
    }
}

async function decoded(client, uid, parts) {
    if (!parts.length) {
        return;
    }
    const here = await client.downloadMany(uid, parts, { uid: true });
    const there = await client.downloadMany(uid, parts, { uid: true, binary: true });
    for (const part of parts) {
        const [a, b] = [here[part].content, there[part].content];
        assert(a.equals(b), `message ${uid}, part ${part}: ${a.length} octets decoded here, ${b.length} there`);
    }
}

export async function searching({ client }, messages) {
    const uids = messages.map((message) => message.uid);
    const find = (query) => client.search(query, { uid: true });
    assert.deepEqual(await find({ all: true }), uids);
    assert.deepEqual(await find({ seen: true }), []);
    const large = messages.filter((message) => message.size > 4000).map((message) => message.uid);
    assert.deepEqual(await find({ larger: 4000 }), large);
    assert.deepEqual(await find({ not: { larger: 4000 } }), uids.filter((uid) => !large.includes(uid)));
    for (const message of [messages[0], messages.at(-1)]) {
        assert.deepEqual(await find({ emailId: message.emailId }), [message.uid]);
        if (message.threadId) {
            assert((await find({ threadId: message.threadId })).includes(message.uid));
        }
    }
    await returning(client, uids, large);
}

/** ESEARCH, and windows of it. */
async function returning(client, uids, large) {
    const returnOptions = ['MIN', 'MAX', 'COUNT', 'ALL'];
    const found = await client.search({ larger: 4000 }, { uid: true, returnOptions });
    assert.deepEqual([found.count, found.min, found.max], [large.length, large[0], large.at(-1)]);
    assert.deepEqual(numbers(found.all), large);
    if (!client.capabilities.has('PARTIAL')) {
        return;
    }
    const windows = { '1:10': uids.slice(0, 10), '-1:-10': uids.slice(-10), '900000:900010': [] };
    for (const [range, wanted] of Object.entries(windows)) {
        const { partial } = await client.search({ all: true }, { uid: true, returnOptions: [{ partial: range }] });
        assert.equal(partial.range, range);
        assert.deepEqual(numbers(partial.messages), wanted, range);
    }
}

/** A set like `1,3:5` as numbers in their order. */
function numbers(set) {
    const ranges = set ? set.split(',').map((range) => range.split(':').map(Number)) : [];
    const spread = ranges.flatMap(([a, b = a]) => Array.from({ length: Math.abs(b - a) + 1 }, (_, at) => Math.min(a, b) + at));
    return spread.sort((a, b) => a - b);
}
