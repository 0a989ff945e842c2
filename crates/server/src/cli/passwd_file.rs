//! Users of other servers: lines of `user:{SCHEME}hash:...`, as Dovecot's passwd-file has them.

/// A line with a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct User {
    /// The line's number, from 1.
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) password: String,
}

/// The users, in the order of their lines. Empty lines and those that begin with `#` are passed over.
pub(crate) fn parse(text: &str) -> Vec<User> {
    let user = |(index, line): (usize, &str)| {
        let mut fields = line.split(':');
        let (name, password) = (fields.next()?.trim(), fields.next().unwrap_or_default());
        let (name, password) = (name.to_owned(), password.to_owned());
        Some(User { line: index + 1, name, password })
    };
    let is_user = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.starts_with('#');
    text.lines().enumerate().filter(is_user).filter_map(user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_with_or_without_further_fields() {
        let text =
            "# users\n\nada:{PLAIN}tulip:1000:1000::/home/ada::extra=1\r\nbob@x:$6$a$b\nnone\n";
        let user = |line, name: &str, password: &str| {
            let (name, password) = (name.to_owned(), password.to_owned());
            User { line, name, password }
        };
        let expected =
            [user(3, "ada", "{PLAIN}tulip"), user(4, "bob@x", "$6$a$b"), user(5, "none", "")];
        assert_eq!(parse(text), expected);
    }
}
