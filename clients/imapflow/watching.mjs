// What others do: while we idle, and while we are away.

import assert from 'node:assert/strict';
import { connect } from './session.mjs';

const UID = { uid: true };
const MESSAGE = 'Subject: from the other\r\n\r\nhello\r\n';

/** What another client does, reaches one in IDLE: mail, flags, and what is gone. */
export async function idling(session, settings) {
    const { client } = session;
    const { exists } = await client.mailboxOpen('INBOX');
    const other = await connect({ ...settings, rev2: false, qresync: false });
    await other.client.mailboxOpen('INBOX');
    session.events.length = 0;
    const idle = client.idle();
    const { uid } = await other.client.append('INBOX', MESSAGE);
    await session.until((event) => event.kind === 'exists' && event.count === exists + 1, 'EXISTS');
    await other.client.messageFlagsAdd([uid], ['\\Answered'], UID);
    await session.until((event) => event.kind === 'flags' && event.flags.has('\\Answered'), 'flags');
    await other.client.messageDelete([uid], UID);
    const gone = settings.qresync ? (event) => event.uid === uid && event.vanished : (event) => event.seq === exists + 1;
    await session.until((event) => event.kind === 'expunge' && gone(event), 'EXPUNGE');
    await client.noop();
    await idle;
    assert.equal(client.mailbox.exists, exists);
    await other.end();
}

/** Log out, let somebody change things, come back: the changes come, and nothing else (RFC 7162 §3.2.5). */
export async function comingBack(session, settings) {
    const opened = await session.client.mailboxOpen('INBOX');
    const known = { uidValidity: opened.uidValidity, changedSince: opened.highestModseq };
    const uids = await session.client.search({ all: true }, UID);
    await session.end();
    const { changed, gone } = await meanwhile(settings, uids);

    const back = await connect(settings);
    const again = await back.client.mailboxOpen('INBOX', known);
    assert.equal(again.mailboxId, opened.mailboxId);
    assert.equal(again.exists, uids.length - gone.length + 1);
    if (settings.qresync) {
        assert(again.qresync, 'the answer can be relied upon');
        resynchronised(back.events, changed, gone);
    }
    await changedSince(back, known, changed);
    return back;
}

async function meanwhile(settings, uids) {
    const other = await connect({ ...settings, rev2: true, qresync: false });
    await other.client.mailboxOpen('INBOX');
    const flagged = uids.slice(3, 6);
    const gone = [uids[7], uids[8], uids[11]];
    await other.client.messageFlagsAdd(flagged, ['$Meanwhile'], UID);
    await other.client.messageDelete(gone, UID);
    const { uid } = await other.client.append('INBOX', MESSAGE);
    await other.end();
    return { changed: [...flagged, uid], gone };
}

function resynchronised(events, changed, gone) {
    const of = (kind) => events.filter((event) => event.kind === kind);
    const uids = (kind) => of(kind).map((event) => event.uid).sort((a, b) => a - b);
    assert.deepEqual(uids('expunge'), gone);
    assert(of('expunge').every((event) => event.vanished && event.earlier));
    assert.deepEqual(uids('flags'), changed);
}

/** The same by FETCH. */
async function changedSince({ client }, known, changed) {
    const options = { uid: true, changedSince: known.changedSince };
    const messages = await client.fetchAll('1:*', { flags: true }, options);
    assert.deepEqual(messages.map((message) => message.uid), changed);
    assert(messages.every((message) => message.modseq > known.changedSince));
}
