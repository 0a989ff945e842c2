//! Messages such as people get, made up: a few lines, a newsletter in two forms, one with an attachment.

/// The message with this number.
pub(crate) fn message(number: usize) -> Vec<u8> {
    let (kind, content) = match number % 4 {
        0 | 1 => ("text/plain; charset=utf-8", lines(12)),
        2 => ("multipart/alternative; boundary=\"=_part\"", alternative()),
        _ => ("multipart/mixed; boundary=\"=_part\"", attachment()),
    };
    format!("{}Content-Type: {kind}\r\n\r\n{content}", header(number)).into_bytes()
}

fn header(number: usize) -> String {
    let hop = |at: usize| {
        format!(
            "Received: from mx{at}.example.org (mx{at}.example.org [192.0.2.{at}])\r\n\
             \tby mail.example.net with ESMTPS id {number:08x}{at:08x}\r\n\
             \tfor <ada@example.net>; Thu, 1 Oct 2026 10:{at:02}:00 +0200\r\n"
        )
    };
    let hops: String = (1..5).map(hop).collect();
    let previous = number.saturating_sub(1);
    format!(
        "Return-Path: <ann.onymous@example.org>\r\n{hops}\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=key;\r\n\
         \th=from:to:cc:subject:date:message-id; bh={};\r\n\
         \tb={}\r\n\
         From: \"Ann Onymous\" <ann.onymous@example.org>\r\n\
         To: Ada <ada@example.net>, \"Bob, who listens\" <bob@example.com>\r\n\
         Cc: =?utf-8?q?J=C3=B6rg?= <joerg@example.de>\r\n\
         Subject: =?utf-8?q?R=C3=BCckfrage?= about the nest, part {number}\r\n\
         Date: Thu, 1 Oct 2026 09:{:02}:{:02} +0200\r\n\
         Message-ID: <nest-{number}@example.org>\r\n\
         In-Reply-To: <nest-{previous}@example.org>\r\n\
         References: <nest-0@example.org> <nest-{previous}@example.org>\r\n\
         User-Agent: Example Mail 1.0\r\nMIME-Version: 1.0\r\n",
        "a".repeat(44),
        "b".repeat(68),
        number / 60 % 60,
        number % 60,
    )
}

fn lines(count: usize) -> String {
    (0..count)
        .map(|at| format!("The {at}th twig is laid across the one before it, by and by.\r\n"))
        .collect()
}

fn alternative() -> String {
    let text = lines(25);
    let html: String =
        text.lines().map(|line| format!("<p style=3D\"margin: 0\">{line}</p>\r\n")).collect();
    format!(
        "--=_part\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{text}\r\n\
         --=_part\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>\r\n{html}</body></html>\r\n--=_part--\r\n"
    )
}

fn attachment() -> String {
    let line = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURl\r\n";
    format!(
        "--=_part\r\n\
         Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n{}\r\n\
         --=_part\r\n\
         Content-Type: application/pdf; name=\"nest plan.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"nest plan.pdf\"; size=30000\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--=_part--\r\n",
        lines(8),
        line.repeat(500),
    )
}
