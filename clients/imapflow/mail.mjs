// The messages that were imported, to compare with.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The line ends of the wire; latin1 keeps every octet. */
function crlf(octets) {
    return Buffer.from(octets.toString('latin1').replace(/\r\n|\n/g, '\r\n'), 'latin1');
}

export function digest(octets) {
    return createHash('sha256').update(octets).digest('hex');
}

/** The digests of all messages in a folder. */
export function digests(folder) {
    const files = readdirSync(folder).filter((name) => name.endsWith('.eml'));
    return files.map((name) => digest(crlf(readFileSync(join(folder, name))))).sort();
}

/** Demand that exactly the messages of the folder came, in any order. */
export function check(folder, sources) {
    assert.deepEqual(sources.map(digest).sort(), digests(folder), 'other octets came than were imported');
}
