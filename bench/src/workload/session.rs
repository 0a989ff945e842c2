//! Commands that touch no mail.

use super::Workload;
use crate::Fallible;
use crate::client::{Client, Way};
use crate::measure::{Sample, measure};
use crate::servers::{PASSWORD, USER};
use crate::stage::Stage;

pub(super) fn workloads() -> Vec<Workload> {
    vec![
        Workload::cpu("noop", "NOOP").aim(2.0).run(noop),
        Workload::cpu("login-plain", "connect, LOGIN, LOGOUT, without TLS")
            .aim(10.0)
            .run(|stage| login(stage, Way::Plain)),
        Workload::cpu("login-tls", "connect, LOGIN, LOGOUT, with TLS")
            .run(|stage| login(stage, Way::Tls)),
    ]
}

fn noop(stage: &mut Stage) -> Fallible<Sample> {
    let times = stage.sizes.small * 4;
    let mut client = stage.client()?;
    client.command("SELECT INBOX")?;
    measure(stage.server()?, || {
        for _ in 0..times {
            client.command("NOOP")?;
        }
        Ok((times, 0))
    })
}

fn login(stage: &mut Stage, way: Way) -> Fallible<Sample> {
    let (server, times) = (stage.server()?, stage.sizes.logins);
    measure(server, || {
        for _ in 0..times {
            let mut client = Client::connect(server, way)?;
            client.log_in(USER, PASSWORD)?;
            client.command("LOGOUT")?;
        }
        Ok((times, 0))
    })
}
