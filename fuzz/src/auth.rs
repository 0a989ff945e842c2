//! What clients and files of accounts say for somebody's identity: read or refused, in one form, within the limits.

use rookery_auth::AccountName;
use rookery_auth::limits::{MAX_ACCOUNT_NAME, MAX_NAME_LEN, MAX_PASSWORD_LEN};
use rookery_auth::password::{Memory, StoredPassword, is_well_known};
use rookery_auth::sasl::{Credentials, Login, Plain, prepare_name};

/// Schemes that are checked in no time.
const CHEAP: [&str; 3] = ["{PLAIN}", "{SSHA256}", "{SSHA512}"];

fn assert_sound(read: &Credentials) {
    assert!(!read.user.is_empty() && !read.user.contains('\0'));
    assert!(!read.password.as_bytes().is_empty());
    assert!(read.password.as_bytes().len() <= MAX_PASSWORD_LEN);
    // Whoever is prepared once is prepared, unless letters grow over the limit.
    if read.user.len() <= MAX_NAME_LEN {
        assert_eq!(prepare_name(&read.user).as_ref(), Ok(&read.user));
    }
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    if let Ok(read) = Plain::parse(input) {
        assert_sound(&read);
    }
    let (user, password) = input.split_at(input.len() / 2);
    if let Ok(read) = Login::user(user).and_then(|login| login.password(password)) {
        assert_sound(&read);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(name) = AccountName::new(text) {
        assert!(name.as_str().len() <= MAX_ACCOUNT_NAME && !name.as_str().contains('/'));
        assert_eq!(AccountName::new(name.as_str()).as_ref(), Ok(&name));
    }
    let _any = is_well_known(input);
    let Ok(stored) = text.parse::<StoredPassword>() else { return };
    let Some(scheme) = CHEAP.into_iter().find(|scheme| text.starts_with(scheme)) else { return };
    let right = stored
        .verify(text.strip_prefix("{PLAIN}").unwrap_or("x").as_bytes(), &mut Memory::default());
    assert!(right || scheme != "{PLAIN}" || text.len() > MAX_PASSWORD_LEN);
}
