//! Passwords that everybody knows: those that attackers try first, with every name they find (RFC 9051 §11.7).

/// In lower case. From what leaks and honeypots show year after year.
const WELL_KNOWN: [&str; 96] = [
    "000000",
    "111111",
    "112233",
    "11111111",
    "121212",
    "123123",
    "123321",
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "123abc",
    "123qwe",
    "131313",
    "1q2w3e",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "555555",
    "654321",
    "666666",
    "696969",
    "777777",
    "888888",
    "987654321",
    "999999",
    "a123456",
    "aa123456",
    "abc123",
    "abcd1234",
    "access",
    "admin",
    "admin123",
    "administrator",
    "asdfgh",
    "asdfghjkl",
    "azerty",
    "baseball",
    "batman",
    "changeme",
    "charlie",
    "default",
    "demo",
    "donald",
    "dragon",
    "flower",
    "football",
    "freedom",
    "guest",
    "hello",
    "hello123",
    "hunter2",
    "iloveyou",
    "killer",
    "letmein",
    "login",
    "lovely",
    "mail",
    "master",
    "michael",
    "monkey",
    "mustang",
    "mynoob",
    "p@ssw0rd",
    "p@ssword",
    "pass",
    "pass123",
    "passw0rd",
    "password",
    "password!",
    "password1",
    "password12",
    "password123",
    "pokemon",
    "princess",
    "qazwsx",
    "qwer1234",
    "qwerty",
    "qwerty123",
    "qwerty1",
    "qwertyuiop",
    "root",
    "secret",
    "shadow",
    "starwars",
    "summer",
    "sunshine",
    "superman",
    "test",
    "test123",
    "trustno1",
    "welcome",
    "welcome1",
];

/// Whether a password is one of those that attackers try first, in whatever case.
#[must_use]
pub fn is_well_known(password: &[u8]) -> bool {
    WELL_KNOWN.iter().any(|known| password.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_attackers_try_first_is_well_known() {
        for password in ["123456", "password", "PassWord1", "qwerty"] {
            assert!(is_well_known(password.as_bytes()), "{password}");
        }
        for password in ["", "tulip", "password for the library", "1234567890123"] {
            assert!(!is_well_known(password.as_bytes()), "{password}");
        }
    }

    #[test]
    fn each_is_listed_once_and_in_lower_case() {
        for (index, known) in WELL_KNOWN.iter().enumerate() {
            assert_eq!(known.to_ascii_lowercase(), *known);
            assert!(!WELL_KNOWN.iter().skip(index + 1).any(|other| other == known), "{known}");
        }
    }
}
