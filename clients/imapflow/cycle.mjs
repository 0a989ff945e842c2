// One whole cycle of imapflow's. usage: node cycle.mjs '{"host": ..., "port": ..., ...}', see client_imapflow.py

import { appending, copying, flags, mailboxes } from './changing.mjs';
import { downloads, everything, extensions, listing, searching } from './reading.mjs';
import { connect } from './session.mjs';
import { comingBack, idling } from './watching.mjs';

const settings = JSON.parse(process.argv[2]);
let session;

try {
    session = await connect(settings);
    await extensions(session, settings);
    await listing(session, settings);
    const messages = await everything(session, settings);
    await searching(session, messages);
    await downloads(session, messages);
    await flags(session, messages);
    const uid = await appending(session);
    await copying(session, uid);
    await mailboxes(session);
    await idling(session, settings);
    session = await comingBack(session, settings);
    await session.end();
} catch (error) {
    console.error(session?.log.lines.slice(-40).map((line) => line.slice(0, 400)).join('\n'));
    console.error(error);
    process.exit(1);
}
