// A connection that remembers all that was said on it, and complains of what should not have been said.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ImapFlow } from 'imapflow';

const REFUSED = /^(\*|\S+) (NO|BAD)\b/;
const PATIENCE_MS = 10_000;

/** What imapflow does with the settings that `client_imapflow.py` hands over. */
export async function connect(settings) {
    const log = new Log();
    const client = new ImapFlow({
        host: settings.host,
        port: settings.port,
        secure: settings.tls === 'tls',
        doSTARTTLS: settings.tls === 'starttls',
        tls: { ca: settings.certificate ? readFileSync(settings.certificate) : undefined },
        auth: { user: settings.user, pass: settings.password },
        qresync: settings.qresync,
        disableIMAP4rev2: !settings.rev2,
        disableAutoIdle: true,
        logger: log,
        socketTimeout: 60_000,
    });
    client.on('error', (error) => log.error({ err: error }));
    await client.connect();
    return new Session(client, log);
}

/** What was said. */
class Log {
    lines = [];
    complaints = [];

    trace(entry) { this.#add(entry); }
    debug(entry) { this.#add(entry); }
    info(entry) { this.#add(entry); }
    warn(entry) { this.#add(entry, true); }
    error(entry) { this.#add(entry, true); }
    fatal(entry) { this.#add(entry, true); }

    #add(entry, bad = false) {
        const line = `${(entry.src ?? ' ').toUpperCase()} ${entry.msg ?? entry.err?.stack ?? ''}`;
        this.lines.push(line);
        if (bad || (entry.src === 's' && REFUSED.test(entry.msg))) {
            this.complaints.push(line);
        }
    }
}

/** A client, what it was told of, and its log. */
class Session {
    events = [];

    constructor(client, log) {
        this.client = client;
        this.log = log;
        for (const kind of ['exists', 'expunge', 'flags']) {
            client.on(kind, (event) => this.events.push({ kind, ...event }));
        }
    }

    /** Wait until an event like this came; all events until now. */
    async until(wanted, what) {
        const end = Date.now() + PATIENCE_MS;
        while (!this.events.some(wanted)) {
            assert(Date.now() < end, `${what} did not come: ${JSON.stringify(this.events, plain)}`);
            await new Promise((wake) => setTimeout(wake, 5));
        }
        return this.events;
    }

    /** Do what the server must refuse with this code; no other complaint is made of it. */
    async refused(code, action) {
        const before = this.log.complaints.length;
        await action().catch(() => {});
        const said = this.log.complaints.splice(before);
        assert(said.some((line) => line.includes(`NO [${code}]`)), `not refused with ${code}: ${said.join('\n')}`);
    }

    async end() {
        await this.client.logout();
        assert.deepEqual(this.log.complaints, [], 'refused, or not understood');
    }
}

/** For JSON: big numbers and sets as what they hold. */
export function plain(_, value) {
    if (typeof value === 'bigint') {
        return Number(value);
    }
    return value instanceof Set ? [...value] : value;
}
