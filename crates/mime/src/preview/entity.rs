//! The entities of HTML that mail is written with.

use encoding_rs::WINDOWS_1252;

/// Those of the characters from U+00A0 to U+00FF, in their order.
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// Others.
const NAMED: [(&str, char); 20] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("lsquo", '\u{2018}'),
    ("rsquo", '\u{2019}'),
    ("ldquo", '\u{201c}'),
    ("rdquo", '\u{201d}'),
    ("bdquo", '\u{201e}'),
    ("ndash", '\u{2013}'),
    ("mdash", '\u{2014}'),
    ("hellip", '\u{2026}'),
    ("bull", '\u{2022}'),
    ("euro", '\u{20ac}'),
    ("trade", '\u{2122}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
];

/// What an entity stands for, by what is between its ampersand and its semicolon.
pub(super) fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
        return code.ok().and_then(of_code);
    }
    let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
    named.or_else(|| {
        ('\u{a0}'..='\u{ff}')
            .zip(LATIN_1)
            .find(|(_, known)| *known == name)
            .map(|(character, _)| character)
    })
}

/// The numbers of control characters stand for what Windows-1252 has in their place.
fn of_code(code: u32) -> Option<char> {
    match u8::try_from(code) {
        Ok(octet @ 0x80..=0x9f) => WINDOWS_1252.decode(&[octet]).0.chars().next(),
        _ => char::from_u32(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (name, expected) in [
            ("nbsp", '\u{a0}'),
            ("eacute", 'é'),
            ("Eacute", 'É'),
            ("szlig", 'ß'),
            ("yuml", 'ÿ'),
            ("copy", '©'),
            ("rsquo", '’'),
            ("#8364", '€'),
            ("#x20AC", '€'),
            ("#146", '’'),
        ] {
            assert_eq!(character(name), Some(expected), "{name}");
        }
        for unknown in ["", "#", "#x", "#-1", "#xd800", "bogus", "NBSP"] {
            assert_eq!(character(unknown), None, "{unknown}");
        }
    }
}
