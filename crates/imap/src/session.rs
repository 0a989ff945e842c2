//! One conversation: its state, and the loop that runs one command at a time.

use crate::budget::Budget;
use crate::command::copy;
use crate::conn::{Input, NoInput, after};
use crate::connections::{Ended, Place};
use crate::dispatch;
use crate::gate;
use crate::limits;
use crate::long_code;
use crate::message_limit;
use crate::out::Out;
use crate::refusal::{self, Failure, Refusal};
use crate::selected::Selected;
use crate::sync;
use crate::{Mask, Peer, STRANGERS, Services, Stage, capability};
use rookery_imap_wire::{
    Code, Command, CommandBody, Frame, IncomingHead, LiteralHead, Malformed, Response, Status, Tag,
    quoted_utf8,
};
use rookery_mail::Uid;
use rookery_mailbox::heavy::Owner;
use rookery_mailbox::{Account, StoreError};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::time::Instant;

/// What a conversation knows whatever its state.
pub(crate) struct Context {
    pub(crate) services: Arc<Services>,
    pub(crate) peer: Peer,
    /// Whether the client enabled IMAP4rev2 (RFC 9051 §6.3.1). Until then the wire stays rev1.
    pub(crate) rev2: bool,
    /// Whether the client enabled UTF8=ACCEPT (RFC 9755 §3).
    pub(crate) utf8: bool,
    /// Whether the client is told of modification sequences (RFC 7162 §3.1).
    pub(crate) condstore: bool,
    /// Whether the client enabled QRESYNC (RFC 7162 §3.2.3).
    pub(crate) qresync: bool,
    /// Whether message numbers are neither sent nor taken (RFC 9586 §3).
    pub(crate) uid_only: bool,
    /// Whether the client asked for compression (RFC 4978 §3).
    pub(crate) compressed: bool,
    /// Whether the client has said by ID what it is.
    pub(crate) identified: bool,
    /// What the client is not told of: more, once it is known who it is.
    pub(crate) hidden: Mask,
}

impl Context {
    /// What is known of a client that has said nothing yet.
    pub(crate) fn new(services: Arc<Services>, peer: Peer) -> Self {
        let hidden = services.settings.hidden.clone();
        Self {
            services,
            peer,
            rev2: false,
            utf8: false,
            condstore: false,
            qresync: false,
            uid_only: false,
            compressed: false,
            identified: false,
            hidden,
        }
    }

    /// Whether mailbox names and headers may have UTF-8. All of UTF8=ACCEPT is in IMAP4rev2 (RFC 9755 §1).
    pub(crate) fn speaks_utf8(&self) -> bool {
        self.rev2 || self.utf8
    }

    /// What a user's connection may make the server hold.
    pub(crate) fn budget(&self) -> Budget {
        Budget::after_login(self.services.settings.memory_per_connection)
    }

    /// Whether the client is told of expunges by UID (RFC 7162 §3.2.10, RFC 9586 §3.4).
    pub(crate) fn tells_vanished(&self) -> bool {
        self.qresync || self.uid_only
    }
}

/// The states of RFC 9051 §3; logout is the end of the loop.
pub(crate) enum State {
    NotAuthenticated,
    Authenticated(User),
    Selected(User, Box<Selected>),
}

/// Who is logged in.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) account: Account,
    /// This connection's place among those of the account.
    pub(crate) place: Arc<Place>,
}

/// A conversation.
pub(crate) struct Session {
    pub(crate) context: Context,
    pub(crate) state: State,
    started: Instant,
    bad_commands: u32,
    /// On this connection, whoever logged in meanwhile.
    pub(crate) failed_logins: u32,
}

/// How a command ended well.
pub(crate) struct Done {
    pub(crate) code: Option<Code>,
    pub(crate) text: Cow<'static, str>,
    pub(crate) next: Next,
    /// Whether the command has told what others did itself.
    pub(crate) told: bool,
    /// The lowest UID that it has worked on, if it had to stop there (RFC 9738 §3.1).
    pub(crate) lowest: Option<Uid>,
}

impl Done {
    /// OK with a text, a code if there is one, and what follows.
    pub(crate) fn new(code: Option<Code>, text: impl Into<Cow<'static, str>>, next: Next) -> Self {
        Self { code, text: text.into(), next, told: false, lowest: None }
    }

    /// The same, with no message below this one worked on.
    pub(crate) fn down_to(self, lowest: Option<Uid>) -> Self {
        Self { lowest, ..self }
    }
}

/// What follows a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Command,
    LogOut,
    /// The client was told that it has to go.
    SendAway,
    /// Everything behind it is compressed.
    Compress,
    /// Nothing behind it is compressed.
    StopCompressing,
    StartTls,
}

/// How a command ended.
pub(crate) type Answer = Result<Done, Failure>;

/// How a conversation ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    LoggedOut,
    SentAway,
    StartTls,
}

/// OK with a text.
pub(crate) fn done(text: impl Into<Cow<'static, str>>) -> Answer {
    Ok(Done::new(None, text, Next::Command))
}

/// OK with a code and a text.
pub(crate) fn done_with(code: Code, text: &'static str) -> Answer {
    Ok(Done::new(Some(code), text, Next::Command))
}

impl Session {
    pub(crate) fn new(services: Arc<Services>, peer: Peer) -> Self {
        Self {
            context: Context::new(services, peer),
            state: State::NotAuthenticated,
            started: Instant::now(),
            bad_commands: 0,
            failed_logins: 0,
        }
    }

    /// Hold the conversation.
    pub(crate) async fn run(mut self, mut input: Input<'_>, mut out: Out<'_>, stage: Stage) -> End {
        self.heed_user(&mut input);
        if stage == Stage::Greeting {
            let code = capability::code(&self.context, None).await;
            out.ok_code(code, "Rookery is listening");
        }
        let ended = self.converse(&mut input, &mut out).await;
        let (end, why) = match ended {
            Ok(End::StartTls) => return End::StartTls,
            Ok(End::LoggedOut) => (End::LoggedOut, "logout"),
            Ok(End::SentAway) => (End::SentAway, "sent away"),
            Err(end) => (End::SentAway, say_bye(end, &mut out)),
        };
        // Whether the last words arrive is beyond us.
        let _ = out.flush().await;
        self.log_disconnect(why, input.received(), out.sent());
        end
    }

    /// Forget who logged in and all that was said since, but not how often it was tried.
    pub(crate) fn unauthenticate(&mut self) {
        let Context { services, peer, .. } = &self.context;
        let fresh = Self::new(services.clone(), peer.clone());
        *self =
            Self { failed_logins: self.failed_logins, bad_commands: self.bad_commands, ..fresh };
    }

    /// Who is logged in, if anybody is.
    pub(crate) fn user(&self) -> Option<&User> {
        match &self.state {
            State::NotAuthenticated => None,
            State::Authenticated(user) | State::Selected(user, _) => Some(user),
        }
    }

    /// Limits as befits who is at the other end, and whose sessions end with this one.
    pub(crate) fn heed_user(&self, input: &mut Input<'_>) {
        input.set_budget(self.budget());
        input.set_end(self.user().map(|user| user.place.end()));
    }

    fn budget(&self) -> Budget {
        match self.state {
            State::NotAuthenticated => Budget::BEFORE_LOGIN,
            State::Authenticated(_) | State::Selected(..) => self.context.budget(),
        }
    }

    async fn converse(&mut self, input: &mut Input<'_>, out: &mut Out<'_>) -> Result<End, NoInput> {
        loop {
            if self.user().is_none() && self.deadline() <= Instant::now() {
                return Err(NoInput::TimedOut);
            }
            let frame = match input.try_frame()? {
                Frame::Incomplete => {
                    out.flush().await.map_err(|_| NoInput::Hangup)?;
                    self.wait(input, out).await?
                }
                frame => frame,
            };
            let next = match frame {
                Frame::Command(octets) => self.command(&octets, input, out).await?,
                Frame::Literal(head) => self.literal(head, input, out).await?,
                Frame::TooBig { tag, limit } => {
                    self.refuse_input(tag, Refusal::command_too_big(limit), out)
                }
                Frame::Incomplete | Frame::Bytes(_) | Frame::LiteralEnd => Next::Command,
            };
            let owner = self.user().map_or(Owner::STRANGER, |user| user.account.owner());
            out.hold(self.budget().output(), owner);
            out.drain().await.map_err(|_| NoInput::Hangup)?;
            if let Some(end) = self.follow(next, input, out).await? {
                return Ok(end);
            }
        }
    }

    /// The next frame. Who is silent for a while has no compressor meanwhile.
    async fn wait(&self, input: &mut Input<'_>, out: &mut Out<'_>) -> Result<Frame, NoInput> {
        let deadline = self.deadline();
        if out.compresses() {
            match input.frame(deadline.min(after(limits::DEFLATER_REST))).await {
                Err(NoInput::TimedOut) => out.rest(),
                came => return came,
            }
        }
        input.frame(deadline).await
    }

    /// What the connection has to do behind a command; says whether it ends there.
    async fn follow(
        &mut self,
        next: Next,
        input: &mut Input<'_>,
        out: &mut Out<'_>,
    ) -> Result<Option<End>, NoInput> {
        match next {
            Next::Command if self.bad_commands < limits::MAX_BAD_COMMANDS => {}
            Next::Command => {
                out.untagged(Status::Bye, None, "Too many bad commands");
                return Ok(Some(End::SentAway));
            }
            Next::LogOut => return Ok(Some(End::LoggedOut)),
            Next::SendAway => return Ok(Some(End::SentAway)),
            Next::Compress => {
                out.start_compressing().await.map_err(|_| NoInput::Hangup)?;
                input.start_inflating();
            }
            Next::StopCompressing => {
                out.stop_compressing().await.map_err(|_| NoInput::Hangup)?;
                input.stop_inflating();
            }
            Next::StartTls => {
                // What was pipelined behind STARTTLS was not protected by TLS (RFC 9051 §6.2.1).
                input.framer().discard_input();
                out.flush().await.map_err(|_| NoInput::Hangup)?;
                return Ok(Some(End::StartTls));
            }
        }
        Ok(None)
    }

    pub(crate) fn deadline(&self) -> Instant {
        let settings = &self.context.services.settings;
        match self.state {
            State::NotAuthenticated => self.started + settings.login_deadline,
            State::Authenticated(_) | State::Selected(..) => after(settings.idle_deadline),
        }
    }

    async fn command(
        &mut self,
        octets: &[u8],
        input: &mut Input<'_>,
        out: &mut Out<'_>,
    ) -> Result<Next, NoInput> {
        match self.read(octets) {
            Ok(command) => self.execute(command, input, out).await,
            Err(malformed) => Ok(self.malformed(malformed, out)),
        }
    }

    fn read(&self, octets: &[u8]) -> Result<Command, Malformed> {
        self.check_quoted(octets)?;
        Command::parse_within(octets, self.budget().value())
    }

    /// Quoted strings have to be UTF-8 for clients that may send it there (RFC 9755 §3).
    fn check_quoted(&self, octets: &[u8]) -> Result<(), Malformed> {
        if self.context.speaks_utf8() { quoted_utf8(octets) } else { Ok(()) }
    }

    fn malformed(&mut self, malformed: Malformed, out: &mut Out<'_>) -> Next {
        let refusal = Refusal::from(&malformed);
        self.refuse_input(malformed.tag, refusal, out)
    }

    fn refuse_input(&mut self, tag: Option<Tag>, refusal: Refusal, out: &mut Out<'_>) -> Next {
        self.bad_commands += 1;
        let Refusal { status, code, text } = refusal;
        let text = text.into_owned();
        out.send(&match tag {
            Some(tag) => Response::Tagged { tag, status, code, text },
            None => Response::Untagged { status, code, text },
        });
        Next::Command
    }

    async fn execute(
        &mut self,
        command: Command,
        input: &mut Input<'_>,
        out: &mut Out<'_>,
    ) -> Result<Next, NoInput> {
        let Command { tag, body } = command;
        let rule = gate::rule(&body);
        let knew_condstore = self.context.condstore;
        let answer = match gate::check(rule, &self.state, &self.context) {
            Ok(()) => {
                self.note_condstore(&body, out);
                dispatch::run(self, &tag, body, input, out).await
            }
            Err(refusal) => Err(refusal.into()),
        };
        if matches!(&answer, Err(Failure::Refused(why)) if why.status == Status::Bad) {
            // It changes nothing of the connection (RFC 9051 §6).
            self.context.condstore = knew_condstore;
        }
        self.finish(tag, answer, rule, out).await
    }

    /// The first command that shows that the client knows CONDSTORE is told where it is
    /// (RFC 7162 §3.1).
    fn note_condstore(&mut self, body: &CommandBody, out: &mut Out<'_>) {
        if self.context.condstore || !gate::enables_condstore(body, &self.context) {
            return;
        }
        self.context.condstore = true;
        let leaves = matches!(body, CommandBody::Select { .. } | CommandBody::Examine { .. });
        if let (State::Selected(_, selected), false) = (&mut self.state, leaves) {
            selected.modseq_delayed = !selected.view.held_back().is_empty();
            let code = Code::HighestModSeq(selected.view.settled().get());
            out.ok_code(code, "Modification sequences are told from now on");
        }
    }

    /// Tell the client what others did, where the command lets us, and how its command ended.
    async fn finish(
        &mut self,
        tag: Tag,
        answer: Answer,
        rule: gate::Rule,
        out: &mut Out<'_>,
    ) -> Result<Next, NoInput> {
        let answer = match answer {
            Err(Failure::Ended(end)) => return Err(end),
            answer => answer,
        };
        let is_told = matches!(&answer, Ok(done) if done.told || done.next == Next::LogOut);
        let told = match &mut self.state {
            State::Selected(user, selected) if !is_told => {
                sync::tell(&self.context, user, selected, rule.expunges, out).await
            }
            _ => Ok(()),
        };
        match told {
            Ok(()) => {}
            Err(Failure::Ended(end)) => return Err(end),
            // What the command did is done, whether or not all news could be told with its answer.
            Err(Failure::Fault(fault)) => self.log_fault(&fault),
            Err(Failure::Refused(_)) => {}
        }
        let done = match answer {
            Ok(done) => done,
            Err(failure) => return self.fail(tag, failure, out),
        };
        let Done { mut code, text, next, lowest, .. } = done;
        self.bad_commands = 0;
        message_limit::tell(&self.context, lowest, &mut code, out);
        self.settle(&mut code, out);
        match code {
            Some(Code::CopyUid { validity, source, destination }) => {
                let copied = (validity, [&source, &destination]);
                let told = copy::tell(tag.as_str(), copied, &text, out).await;
                told.map_err(|_| NoInput::Hangup)?;
            }
            Some(Code::Modified(set)) => {
                let beginning = format!("{} OK [MODIFIED", tag.as_str());
                let told = long_code::tell(&beginning, &[&set], &text, out).await;
                told.map_err(|_| NoInput::Hangup)?;
            }
            code => {
                let text = text.into_owned();
                out.send(&Response::Tagged { tag, status: Status::Ok, code, text });
            }
        }
        match next {
            Next::SendAway | Next::LogOut => Ok(next),
            next => Ok(self.check_view(out).unwrap_or(next)),
        }
    }

    /// Send the client away if what it believes takes more memory than there is for it.
    pub(crate) fn check_view(&self, out: &mut Out<'_>) -> Option<Next> {
        let State::Selected(_, selected) = &self.state else { return None };
        if selected.view.octets() <= self.budget().view() {
            return None;
        }
        let text = "The mailbox has come to have more gaps than this connection may hold";
        out.untagged(Status::Bye, Some(Code::Limit), text);
        Some(Next::SendAway)
    }

    fn settle(&mut self, code: &mut Option<Code>, out: &mut Out<'_>) {
        if let (State::Selected(_, selected), true) = (&mut self.state, self.context.condstore) {
            sync::settle(selected, code, out);
        }
    }

    fn fail(&mut self, tag: Tag, failure: Failure, out: &mut Out<'_>) -> Result<Next, NoInput> {
        let refusal = match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Ended(end) => return Err(end),
            Failure::Fault(fault) => {
                self.log_fault(&fault);
                refusal::of_fault(&fault)
            }
        };
        self.bad_commands += u32::from(refusal.status == Status::Bad);
        let Refusal { status, mut code, text } = refusal;
        self.settle(&mut code, out);
        out.send(&Response::Tagged { tag, status, code, text: text.into_owned() });
        if self.failed_logins >= limits::MAX_FAILED_LOGINS {
            out.untagged(Status::Bye, None, "Too many failed logins");
            return Ok(Next::SendAway);
        }
        // Commands that fail tell what others did, too.
        Ok(self.check_view(out).unwrap_or(Next::Command))
    }

    fn log_fault(&self, fault: &StoreError) {
        let account = self.user().map(|user| user.name.as_str());
        tracing::error!(session = self.context.peer.session, account, %fault, "fault");
    }

    /// A command announces a literal: a message streams into the store, anything else is part of the command.
    async fn literal(
        &mut self,
        head: LiteralHead,
        input: &mut Input<'_>,
        out: &mut Out<'_>,
    ) -> Result<Next, NoInput> {
        let checked = self.check_quoted(&head.prefix).map_err(|malformed| Some(Err(malformed)));
        match checked.err().unwrap_or_else(|| self.incoming_head(&head.prefix)) {
            None => {
                let fits = input.framer().keep_literal();
                if fits && head.sync {
                    out.send(&Response::Continue("Go on".to_owned()));
                }
                Ok(Next::Command)
            }
            Some(Err(malformed)) => {
                input.framer().reject_literal();
                Ok(self.malformed(malformed, out))
            }
            Some(Ok(incoming)) => {
                let rule = gate::incoming(incoming.command);
                let answer = match gate::check(rule, &self.state, &self.context) {
                    Ok(()) => {
                        Box::pin(dispatch::incoming(self, &incoming, Some(head), input, out)).await
                    }
                    Err(refusal) => {
                        input.framer().reject_literal();
                        Err(refusal.into())
                    }
                };
                self.finish(incoming.tag, answer, rule, out).await
            }
        }
    }

    fn incoming_head(&self, prefix: &[u8]) -> Option<Result<IncomingHead, Malformed>> {
        IncomingHead::parse_within(prefix, self.budget().value())
    }

    fn log_disconnect(&self, why: &'static str, received: u64, sent: u64) {
        let Peer { session, address, .. } = &self.context.peer;
        let peer = address.map(|address| address.to_string());
        match self.user().map(|user| user.name.as_str()) {
            Some(account) => {
                tracing::info!(session, peer, account, why, received, sent, "disconnect");
            }
            None => {
                tracing::info!(target: STRANGERS, session, peer, why, received, sent, "disconnect");
            }
        }
    }
}

/// The last words, and the word for the log.
fn say_bye(end: NoInput, out: &mut Out<'_>) -> &'static str {
    match end {
        NoInput::Hangup => "hangup",
        NoInput::TimedOut => {
            out.untagged(Status::Bye, None, "You were silent for too long");
            "timeout"
        }
        NoInput::Broken => {
            out.untagged(Status::Bye, None, "That was not compressed as it should have been");
            "broken compression"
        }
        NoInput::ShuttingDown => {
            out.untagged(Status::Bye, Some(Code::Unavailable), "The server is going down");
            "shutdown"
        }
        NoInput::Ended(why) => {
            let (code, text, word) = of_ended(why);
            out.untagged(Status::Bye, Some(code), text);
            word
        }
    }
}

/// What is said to whom an administrator sends away (RFC 9051 §7.1.5; the codes are in RFC 5530 §3), and the word for the log.
fn of_ended(why: Ended) -> (Code, &'static str, &'static str) {
    match why {
        Ended::Disabled => (Code::ContactAdmin, "The account was disabled", "account disabled"),
        Ended::Deleted => (Code::ContactAdmin, "The account was deleted", "account deleted"),
        Ended::NewPassword => (Code::Expired, "The password was changed", "password changed"),
    }
}
