//! Commands that bring messages are read up to each literal, and mean the same as when they are whole.

use crate::generate;
use proptest::prelude::*;
use rookery_imap_wire::{
    AppendData, AppendMessage, AppendOptions, CatenatePart, Command, CommandBody, Frame, Framer,
    FramerLimits, IncomingCommand, IncomingHead, IncomingStep, IncomingText, MessageLiteral,
    Replace, SeqNumber, Tag, WireFlag, WireMailbox, limits,
};
use rookery_mail::{DateTime, Flag, SystemFlag};
use std::num::NonZeroU32;

fn head(prefix: &str) -> Option<IncomingHead> {
    IncomingHead::parse(prefix.as_bytes()).map(|head| head.expect(prefix))
}

fn begin() -> IncomingStep {
    IncomingStep::Begin(AppendOptions::default())
}

fn url(text: &str) -> IncomingStep {
    IncomingStep::Url(text.as_bytes().to_vec())
}

const LITERAL: IncomingStep = IncomingStep::Literal { utf8: false, whole: true };
const WRAPPED: IncomingStep = IncomingStep::Literal { utf8: true, whole: true };

fn part(utf8: bool) -> IncomingStep {
    IncomingStep::Literal { utf8, whole: false }
}

#[test]
fn the_head_is_read_at_its_first_message() {
    let options = AppendOptions {
        flags: vec![WireFlag::Flag(Flag::System(SystemFlag::Seen))],
        date: Some(DateTime::from_civil((1994, 2, 7), (21, 52, 25), -480).unwrap()),
    };
    let full = head("a append Sent (\\Seen) \" 7-Feb-1994 21:52:25 -0800\" ").unwrap();
    assert_eq!((full.tag, full.command), (Tag::new(b"a").unwrap(), IncomingCommand::Append));
    assert_eq!(full.mailbox, WireMailbox(b"Sent".to_vec()));
    assert_eq!(full.steps, [IncomingStep::Begin(options), LITERAL]);
    let bare = head("a APPEND {4}\r\nSent ").unwrap();
    assert_eq!((bare.mailbox.0.as_slice(), bare.steps), (&b"Sent"[..], vec![begin(), LITERAL]));
    assert_eq!(head("a APPEND Sent UTF8 (").unwrap().steps, [begin(), WRAPPED]);
    let parts = head("a APPEND Sent CATENATE (URL u URL \"v\" TEXT ").unwrap();
    assert_eq!(parts.steps, [begin(), url("u"), url("v"), part(false)]);
    let replace = head("a uid replace 4 Sent ").unwrap();
    let number = SeqNumber::Number(NonZeroU32::new(4).unwrap());
    assert_eq!(replace.command, IncomingCommand::Replace { uid: true, number });
    assert_eq!(
        head("a REPLACE * Sent ").unwrap().command,
        IncomingCommand::Replace { uid: false, number: SeqNumber::Star }
    );
}

#[test]
fn other_literals_are_left_alone() {
    for other in [
        "a APPEND ",
        "a LOGIN ",
        "a SEARCH TEXT ",
        "",
        "a APPEND",
        "a REPLACE 4 ",
        "a UID REPLACE 4 ",
        "a APPEND Sent CATENATE (URL ",
        "a APPEND Sent CATENATE (URL {1}\r\nu URL ",
        "a REPLACE 4 Sent CATENATE (URL u) ",
    ] {
        let is_kept = match IncomingHead::parse(other.as_bytes()) {
            None => true,
            // Behind the one message of a REPLACE there is no literal.
            Some(head) => head.is_err() && other.contains(" Sent CATENATE (URL u) "),
        };
        assert!(is_kept, "{other}");
    }
}

#[test]
fn bad_heads_are_refused_before_their_literals() {
    for bad in [
        "a APPEND Sent (\\Seen",
        "a APPEND (x) ",
        "a APPEND Sent",
        "a APPEND Sent x ",
        "a APPEND Sent (\\Seen)",
        "a APPEND Sent CATENATE (",
        "a APPEND Sent CATENATE (TEXT",
        "a APPEND Sent CATENATE (TEXT UTF8 (",
        "a APPEND Sent CATENATE (URL u",
        "a APPEND Sent CATENATE TEXT ",
        "a REPLACE x Sent ",
        "a REPLACE 1:2 Sent ",
        "a REPLACE 0 Sent ",
        "a UID REPLACE $ Sent ",
    ] {
        assert!(IncomingHead::parse(bad.as_bytes()).unwrap().is_err(), "{bad}");
    }
}

fn behind(prefix: &str) -> IncomingText {
    head(prefix).unwrap().text
}

#[test]
fn what_follows_a_message_is_its_end_or_another_one() {
    let read = |rest: &str, before| behind("a APPEND x ").read(rest.as_bytes(), before);
    let end = IncomingStep::End;
    assert_eq!(read("", false), Ok(Some(vec![end.clone()])));
    assert_eq!(read(" ", false), Ok(Some(vec![end.clone()])));
    assert_eq!(read(" ", true), Ok(Some(vec![end.clone(), begin(), LITERAL])));
    assert_eq!(read(" UTF8 (", true), Ok(Some(vec![end.clone(), begin(), WRAPPED])));
    let catenate = read(" CATENATE (URL u)", false);
    assert_eq!(catenate, Ok(Some(vec![end.clone(), begin(), url("u"), end.clone()])));
    assert_eq!(read(" CATENATE (URL ", true), Ok(None));
    for (rest, before) in
        [("x", false), ("", true), (" x", true), (" (\\Seen)", true), (")", false)]
    {
        assert!(read(rest, before).is_err(), "{rest}");
    }
    let mut wrapped = behind("a APPEND x UTF8 (");
    assert!(wrapped.read(b"", false).is_err());
    assert_eq!(wrapped.read(b")", false), Ok(Some(vec![end.clone()])));
    let mut text = behind("a APPEND x CATENATE (TEXT ");
    assert_eq!(text.read(b" URL {1}\r\nu TEXT ", true), Ok(Some(vec![url("u"), part(false)])));
    assert_eq!(text.read(b" UTF8 (", true), Ok(Some(vec![part(true)])));
    assert_eq!(text.read(b"))", false), Ok(Some(vec![end.clone()])));
    let mut replace = behind("a REPLACE 1 x ");
    assert!(replace.read(b" ", true).is_err());
    assert_eq!(replace.read(b"", false), Ok(Some(vec![end])));
}

#[test]
fn parts_are_counted_across_literals() {
    let half = " URL u".repeat(limits::CATENATE_PARTS / 2);
    let mut text = behind("a APPEND x CATENATE (TEXT ");
    assert!(text.read(format!("{half} TEXT ").as_bytes(), true).is_ok());
    assert!(text.read(format!("{half} TEXT ").as_bytes(), true).is_err());
    let all = "URL u ".repeat(limits::CATENATE_PARTS + 1);
    assert!(
        IncomingHead::parse(format!("a APPEND x CATENATE ({all}TEXT ").as_bytes())
            .unwrap()
            .is_err()
    );
    assert!(
        Command::parse(format!("a APPEND x CATENATE ({})", all.trim_end()).as_bytes()).is_err()
    );
}

/// What is put together again from the pieces of a stream.
fn streamed(wire: &[u8]) -> Option<(IncomingHead, Vec<AppendMessage>)> {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(wire);
    framer.feed(b"\r\n");
    let mut head: Option<IncomingHead> = None;
    let mut messages = Vec::new();
    let mut literal = None;
    loop {
        let (steps, before) = match framer.next() {
            Frame::Literal(announced) => {
                literal = Some(announced.binary);
                let steps = match &mut head {
                    None => IncomingHead::parse(&announced.prefix).map(|parsed| {
                        let parsed = parsed.unwrap();
                        head.insert(parsed).steps.clone()
                    }),
                    Some(head) => head.text.read(&announced.prefix, true).unwrap(),
                };
                let Some(steps) = steps else {
                    assert!(framer.keep_literal());
                    continue;
                };
                framer.stream_literal();
                (steps, true)
            }
            Frame::Command(rest) => match &mut head {
                None => {
                    let command = Command::parse(&rest).unwrap();
                    let whole = IncomingHead::of_whole(&command.tag, &command.body)?;
                    (head.insert(whole).steps.clone(), false)
                }
                Some(head) => (head.text.read(&rest, false).unwrap().unwrap(), false),
            },
            other => panic!("{other:?}"),
        };
        for step in steps {
            apply(step, &mut messages, &mut framer, literal);
        }
        if !before {
            return head.map(|head| (head, messages));
        }
    }
}

fn apply(
    step: IncomingStep,
    messages: &mut Vec<AppendMessage>,
    framer: &mut Framer,
    literal: Option<bool>,
) {
    match step {
        IncomingStep::Begin(options) => {
            messages.push(AppendMessage { options, data: AppendData::Catenate(Vec::new()) });
        }
        IncomingStep::End => {}
        IncomingStep::Url(url) => parts(messages).push(CatenatePart::Url(url)),
        IncomingStep::Literal { utf8, .. } => {
            let mut octets = Vec::new();
            while let Frame::Bytes(some) = framer.next() {
                octets.extend(some);
            }
            let binary = literal.unwrap();
            parts(messages).push(CatenatePart::Text(MessageLiteral { octets, binary, utf8 }));
        }
    }
}

fn parts(messages: &mut [AppendMessage]) -> &mut Vec<CatenatePart> {
    match &mut messages.last_mut().unwrap().data {
        AppendData::Catenate(parts) => parts,
        AppendData::Literal(_) => unreachable!("none is made"),
    }
}

/// A message as the stream shows it, where a single literal is like a single part.
fn flattened(message: &AppendMessage) -> AppendMessage {
    let data = match &message.data {
        AppendData::Literal(literal) => vec![CatenatePart::Text(literal.clone())],
        AppendData::Catenate(parts) => parts.clone(),
    };
    AppendMessage { options: message.options.clone(), data: AppendData::Catenate(data) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_stream_says_what_the_whole_command_says(body in generate::incoming()) {
        let command = Command { tag: Tag::new(b"a").unwrap(), body };
        let mut wire = Vec::new();
        command.print(&mut wire);
        let (mailbox, messages) = match &command.body {
            CommandBody::Append { mailbox, messages } => (mailbox, messages.clone()),
            CommandBody::Replace(replace) => {
                let Replace { mailbox, message, .. } = &**replace;
                (mailbox, vec![message.clone()])
            }
            _ => unreachable!("generated"),
        };
        let (head, found) = streamed(&wire).unwrap();
        prop_assert_eq!(&head.mailbox, mailbox);
        let expected: Vec<AppendMessage> = messages.iter().map(flattened).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_text_makes_the_reader_stumble(rest in prop::collection::vec(any::<u8>(), 0..60), before: bool) {
        let _any = IncomingHead::parse(&[b"a APPEND x CATENATE (".as_slice(), &rest].concat());
        let _any = IncomingHead::parse(&[b"a REPLACE 1 ".as_slice(), &rest].concat());
        let _any = behind("a APPEND x CATENATE (TEXT ").read(&rest, before);
    }
}
