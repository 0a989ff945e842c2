use super::*;

#[test]
fn the_example_is_true() {
    let mut config = Config::parse(EXAMPLE).unwrap();
    assert_eq!(config.listen, Listen::on_loopback());
    config.listen = Listen::default();
    assert_eq!(config, Config::default(), "the example shows the defaults");
}

#[test]
fn what_the_example_comments_out_is_true_as_well() {
    let uncommented = EXAMPLE.replace("# hostname", "hostname").replace("# cert", "cert");
    let uncommented = uncommented.replace("# key", "key").replace("# messages_", "messages_");
    let uncommented = uncommented.replace("# user", "user");
    let uncommented =
        uncommented.replace("# [[", "[[").replace("# from", "from").replace("# hide", "hide");
    let config = Config::parse(&uncommented).unwrap();
    assert_eq!(config.hostname, "mail.example.org");
    assert_eq!(config.user.as_deref(), Some("rookery"));
    assert!(config.tls.cert.is_some() && config.tls.key.is_some());
    assert_eq!(config.capabilities.network.len(), 1);
    let limits = &config.limits;
    assert!(limits.messages_per_command.is_some() && limits.messages_per_copy.is_some());
}

#[test]
fn what_is_shown_can_be_read() {
    let mut config = Config::default();
    config.listen.lmtp = vec!["unix:/run/x.sock".parse().unwrap()];
    assert_eq!(Config::parse(&toml::to_string(&config).unwrap()), Ok(config));
}

#[test]
fn errors_say_where_and_what_was_meant() {
    let error = |text: &str| Config::parse(text).unwrap_err().to_string();
    let unknown = error("version = 1\n[auth]\nallow_plain_text = true\n");
    assert!(unknown.contains("line 3, column 1"), "{unknown}");
    assert!(unknown.ends_with("did you mean `allow_plaintext`?"), "{unknown}");
    let level = error("version = 1\n[log]\nlevel = \"warning\"\n");
    assert!(level.contains("line 3") && level.contains("did you mean `warn`?"), "{level}");
    let address = error("version = 1\n[listen]\nimap = [\"143\"]\n");
    assert!(address.contains("line 3") && address.contains("127.0.0.1:143"), "{address}");
}

#[test]
fn contradictions_are_refused() {
    for text in [
        "",
        "version = 2",
        "version = 1\nhostname = \"a\\r\\nb\"",
        "version = 1\nhostname = \"\"",
        "version = 1\n[tls]\ncert = \"x\"",
        "version = 1\n[limits]\nconnections = 0",
        "version = 1\n[limits]\nconnections_per_account = 0",
        "version = 1\n[limits]\nlogin_seconds = 0",
        "version = 1\n[limits]\nidle_seconds = 9223372036854775807",
        "version = 1\n[limits]\nlogin_seconds = 9223372036854775807",
        "version = 1\n[limits]\nmessage_size = 0",
        "version = 1\n[limits]\nmessage_size = 1073741825",
        "version = 1\n[limits]\nmessages_per_command = 2000\nmessages_per_copy = 1999",
    ] {
        assert!(Config::parse(text).is_err(), "{text}");
    }
}

/// Whether a limit can have this value.
fn is_taken(key: &str, value: u64) -> bool {
    Config::parse(&format!("version = 1\n[limits]\n{key} = {value}\n")).is_ok()
}

#[test]
fn the_least_that_a_limit_can_be_is_enough() {
    for (key, least) in [
        ("idle_seconds", 30 * 60),
        ("messages_per_command", 1000),
        ("messages_per_copy", 1000),
        ("memory_per_connection", rookery_imap::limits::MIN_MEMORY as u64),
    ] {
        assert!(is_taken(key, least) && !is_taken(key, least - 1), "{key}");
    }
}

#[test]
fn a_month_is_the_most_that_a_client_may_take() {
    let most = MAX_DEADLINE.as_secs();
    for key in ["idle_seconds", "login_seconds"] {
        assert!(is_taken(key, most) && !is_taken(key, most + 1), "{key}");
    }
}

#[test]
fn the_messages_of_an_account_have_their_bounds() {
    let is_taken = |value| is_taken("messages_per_account", value);
    let (least, most) = (MIN_MESSAGES_PER_ACCOUNT, MAX_MESSAGES);
    assert!(is_taken(least) && is_taken(most) && !is_taken(least - 1) && !is_taken(most + 1));
}

#[test]
fn an_address_is_bound_once() {
    let listen = |lists: &str| Config::parse(&format!("version = 1\n[listen]\n{lists}"));
    for lists in [
        "imap = [\"127.0.0.1:143\"]\nimaps = [\"localhost:143\"]",
        "imap = [\"[::1]:143\", \"[::1]:143\"]",
        "lmtp = [\"unix:/x\", \"unix:/x\"]",
    ] {
        let error = listen(lists).unwrap_err().to_string();
        assert!(error.contains(" is there twice"), "{error}");
    }
    assert!(listen("imap = [\"127.0.0.1:0\"]\nimaps = [\"127.0.0.1:0\"]").is_ok());
    assert!(listen("imap = [\"127.0.0.1:143\"]\nimaps = [\"127.0.0.1:993\"]").is_ok());
}

#[test]
fn modes_are_octal() {
    let mode = |text: &str| {
        let config = Config::parse(&format!("version = 1\n[listen]\nlmtp_mode = \"{text}\""));
        config.map(|config| config.listen.lmtp_mode)
    };
    assert_eq!(mode("0666"), Ok(Mode(0o666)));
    assert_eq!(mode("600"), Ok(Mode(0o600)));
    for text in ["", "0888", "+660", "4777", "rw"] {
        assert!(mode(text).is_err_and(|error| error.to_string().contains("octal")), "{text}");
    }
}

#[test]
fn addresses_are_read_in_their_forms() {
    for (text, printed) in [
        ("127.0.0.1:143", "127.0.0.1:143"),
        ("[::1]:0", "[::1]:0"),
        ("*:993", "[::]:993"),
        ("localhost:24", "127.0.0.1:24"),
        ("unix:/run/lmtp", "unix:/run/lmtp"),
    ] {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), printed);
    }
    for text in ["", "143", "unix:", "example.org:143", "127.0.0.1:99999", ":143"] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}
