//! Comparing texts as people do.

use unicode_normalization::UnicodeNormalization;

/// A text in the form in which searches compare it, in the spirit of i;unicode-casemap (RFC 5051 §2): compatibility
/// decomposition, then capitals. `É` becomes `E` and a combining accent, `ß` becomes `SS`, `ﬁ` becomes `FI`. Where
/// RFC 5051 has title case we have capitals, so that final and other sigmas are one letter too.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.nfkd().flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_hold_to_be_equal_is_equal() {
        for (one, other) in [
            ("Grüße", "GRU\u{308}SSE"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
            ("ﬁsh ㎏", "FISH KG"),
            ("plain", "PLAIN"),
            ("ΰ", "Ϋ\u{301}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn letters_that_differ_stay_different() {
        assert_ne!(fold("e"), fold("é"));
        assert_ne!(fold("и"), fold("й"));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["Grüße", "ŉ ǰ ﬃ", "İstanbul ı", "日本語", "ͅ"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }
}
