//! Messages that take long to look at, made up.

/// A short one.
pub(crate) fn short() -> Vec<u8> {
    b"From: ada@example.org\r\nTo: bob@example.net\r\nSubject: Eggs\r\n\
      Date: Thu, 1 Oct 2026 10:11:12 +0200\r\nMessage-ID: <eggs@example.org>\r\n\r\nThree of them.\r\n"
        .to_vec()
}

/// As many parts as a message can have, each with a name; of letters without meaning where headers are to be UTF-8.
pub(crate) fn parts(name: &str) -> Vec<u8> {
    let part = |number: usize| {
        format!(
            "--b\r\nContent-Type: text/plain; charset=utf-8; name=\"{name}{number}\"\r\n\
             Content-Disposition: attachment; filename=\"{name}{number}\"\r\n\r\nx\r\n"
        )
    };
    let parts: String = (0..9_999).map(part).collect();
    let head = "From: ada@example.org\r\nSubject: Many\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    format!("{head}{parts}--b--\r\n").into_bytes()
}

/// Parts within parts, as deep as they can be, each level a message.
pub(crate) fn messages() -> Vec<u8> {
    let inner = "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nTo: c@d.example, e@f.example\r\n\
                 Subject: Within\r\nMessage-ID: <a@b.example>\r\n\r\nx\r\n";
    let head = "Content-Type: multipart/digest; boundary=b\r\n\r\n";
    format!("{head}{}--b--\r\n", inner.repeat(4_999)).into_bytes()
}

/// As many addresses as a message can have.
pub(crate) fn addresses() -> Vec<u8> {
    let address = |number: usize| format!("=?utf-8?q?J=C3=B6rg?= <j{number}@example.org>,\r\n ");
    let field = |name: &str, from: usize| {
        let all: String = (from..from + 3_300).map(address).collect();
        format!("{name}: {all}ada@example.org\r\n")
    };
    let fields: String = ["To", "Cc", "Bcc", "Reply-To"]
        .iter()
        .zip([0, 3_300, 6_600, 9_900])
        .map(|(name, from)| field(name, from))
        .collect();
    format!("From: ada@example.org\r\n{fields}Subject: To all\r\n\r\nx\r\n").into_bytes()
}

/// References to as many messages as are looked at, in lines.
pub(crate) fn references() -> Vec<u8> {
    let ids: String = (0..9_000).map(|number| format!(" <{number}@example.org>\r\n")).collect();
    let subject = "Re: ".repeat(50_000);
    format!("From: ada@example.org\r\nSubject: {subject}\r\nReferences:\r\n{ids}\r\nx\r\n")
        .into_bytes()
}

/// A header of many megabytes, of fields that nobody knows.
pub(crate) fn header(megabytes: usize) -> Vec<u8> {
    let field = "X-Nobody: knows what this is for, or who wrote it, or why\r\n";
    let fields = field.repeat((megabytes << 20) / field.len());
    format!("From: ada@example.org\r\n{fields}Subject: At the end\r\n\r\nx\r\n").into_bytes()
}

/// A text of many megabytes.
pub(crate) fn text(megabytes: usize) -> Vec<u8> {
    let line = "The twig is laid across the one before it, by and by, and the nest grows.\r\n";
    let head = "From: ada@example.org\r\nSubject: Long\r\n\r\n";
    format!("{head}{}", line.repeat((megabytes << 20) / line.len())).into_bytes()
}

/// An attachment of many megabytes.
pub(crate) fn attachment(megabytes: usize) -> Vec<u8> {
    let line = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURl\r\n";
    let head = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    format!("{head}{}", line.repeat((megabytes << 20) / line.len())).into_bytes()
}

/// A text of HTML that has nothing to show for long.
pub(crate) fn html() -> Vec<u8> {
    let tags = "<p style='color: red'><span>&nbsp;&amp;</span>".repeat(2_000);
    format!("Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{tags}x</body></html>\r\n")
        .into_bytes()
}
