//! A command that brings messages says the same in pieces as it does whole.

use rookery_imap_wire::{
    AppendData, AppendMessage, CatenatePart, Command, CommandBody, Frame, Framer, FramerLimits,
    IncomingHead, IncomingStep, MessageLiteral,
};

/// What the messages are made of; a single literal is like a single part.
fn parts(messages: &[AppendMessage]) -> Vec<Vec<CatenatePart>> {
    let parts = |message: &AppendMessage| match &message.data {
        AppendData::Literal(literal) => vec![CatenatePart::Text(literal.clone())],
        AppendData::Catenate(parts) => parts.clone(),
    };
    messages.iter().map(parts).collect()
}

/// The same of a printed command, read from a stream; nothing if a literal within it is no message.
fn streamed(wire: &[u8]) -> Option<Vec<Vec<CatenatePart>>> {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(wire);
    framer.feed(b"\r\n");
    let mut head: Option<IncomingHead> = None;
    let mut messages = Vec::new();
    loop {
        let (steps, binary) = match (framer.next(), &mut head) {
            (Frame::Literal(literal), None) => match IncomingHead::parse(&literal.prefix) {
                None => {
                    assert!(framer.keep_literal());
                    continue;
                }
                Some(parsed) => {
                    let parsed = head.insert(parsed.expect("the whole was understood"));
                    (parsed.steps.clone(), Some(literal.binary))
                }
            },
            (Frame::Literal(literal), Some(head)) => {
                let steps = head.text.read(&literal.prefix, true);
                (steps.expect("the whole was understood")?, Some(literal.binary))
            }
            (Frame::Command(rest), Some(head)) => {
                let steps = head.text.read(&rest, false);
                (steps.expect("the whole was understood")?, None)
            }
            (Frame::Command(_) | Frame::TooBig { .. }, _) => return None,
            (frame, _) => panic!("{frame:?}"),
        };
        for step in steps {
            apply(step, &mut messages, &mut framer, binary.unwrap_or(false));
        }
        if binary.is_none() {
            return Some(messages);
        }
    }
}

fn apply(
    step: IncomingStep,
    messages: &mut Vec<Vec<CatenatePart>>,
    framer: &mut Framer,
    binary: bool,
) {
    let part = match step {
        IncomingStep::Begin(_) => return messages.push(Vec::new()),
        IncomingStep::End => return,
        IncomingStep::Url(url) => CatenatePart::Url(url),
        IncomingStep::Literal { utf8, .. } => {
            framer.stream_literal();
            let mut octets = Vec::new();
            while let Frame::Bytes(some) = framer.next() {
                octets.extend(some);
            }
            CatenatePart::Text(MessageLiteral { octets, binary, utf8 })
        }
    };
    messages.last_mut().expect("a message has begun").push(part);
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    if let Some(Ok(mut head)) = IncomingHead::parse(input) {
        let _any = head.text.read(input, input.len().is_multiple_of(2));
    }
    let Ok(command) = Command::parse(input) else { return };
    let messages = match &command.body {
        CommandBody::Append { messages, .. } => parts(messages),
        CommandBody::Replace(replace) => parts(std::slice::from_ref(&replace.message)),
        _ => return,
    };
    let mut printed = Vec::new();
    command.print(&mut printed);
    if let Some(found) = streamed(&printed) {
        assert!(found == messages, "{}", String::from_utf8_lossy(&printed));
    }
}
