//! The first words of a message, for lists of messages (RFC 8970 §3.3).

use crate::limits;

/// The first words of a plain text: quoted lines and signature left out, white space collapsed, at most
/// [`limits::PREVIEW_CHARS`] characters.
#[must_use]
pub fn of_plain(text: &str) -> String {
    let mut preview = Preview::default();
    for line in text.lines() {
        if line.trim_end() == "--" || preview.is_full() {
            break;
        }
        if !line.starts_with('>') {
            preview.push(line);
            preview.push(" ");
        }
    }
    preview.finish()
}

/// The first words of an HTML text: tags, comments, styles, scripts and the title left out, the common entities
/// decoded, white space collapsed, at most [`limits::PREVIEW_CHARS`] characters.
#[must_use]
pub fn of_html(html: &str) -> String {
    let mut preview = Preview::default();
    let mut rest = html;
    while let Some(start) = rest.find(['<', '&']).filter(|_| !preview.is_full()) {
        let (text, markup) = rest.split_at_checked(start).unwrap_or((rest, ""));
        preview.push(text);
        rest = match markup.strip_prefix('<') {
            Some(tag) => after_tag(tag, &mut preview),
            None => after_entity(markup, &mut preview),
        };
    }
    preview.push(rest);
    preview.finish()
}

/// Elements whose content is not shown.
const HIDDEN: [&str; 3] = ["style", "script", "title"];
/// Elements that do not divide words.
const INLINE: [&str; 10] = ["a", "b", "i", "u", "em", "strong", "span", "font", "wbr", "code"];

/// What is after a tag whose `<` was taken, or after the element if its content is hidden.
fn after_tag<'a>(tag: &'a str, preview: &mut Preview) -> &'a str {
    if let Some(comment) = tag.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let (inside, rest) = tag.split_once('>').unwrap_or((tag, ""));
    let word = inside.trim_start_matches('/');
    let end = word.find(|next: char| !next.is_ascii_alphanumeric()).unwrap_or(word.len());
    let name = word.get(..end).unwrap_or(word).to_ascii_lowercase();
    if !INLINE.contains(&name.as_str()) {
        preview.push(" ");
    }
    if HIDDEN.contains(&name.as_str()) && !inside.starts_with('/') && !inside.ends_with('/') {
        return after_element(&name, rest);
    }
    rest
}

/// What is after the end tag of an element; nothing if it has none, as browsers see it.
fn after_element<'a>(name: &str, content: &'a str) -> &'a str {
    for (start, _) in content.match_indices("</") {
        let Some(tag) = content.get(start + 2..) else { continue };
        if tag.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name)) {
            return tag.split_once('>').map_or("", |(_, rest)| rest);
        }
    }
    ""
}

/// What is after an entity, which begins with `&`; it stands for itself if we do not know it.
fn after_entity<'a>(markup: &'a str, preview: &mut Preview) -> &'a str {
    let window =
        markup.char_indices().nth(limits::ENTITY_CHARS).map_or(markup.len(), |(end, _)| end);
    let end = markup.get(..window).and_then(|window| window.find(';'));
    let decoded = end.and_then(|end| entity(markup.get(1..end)?).zip(markup.get(end + 1..)));
    let Some((character, rest)) = decoded else {
        preview.push("&");
        return markup.strip_prefix('&').unwrap_or(markup);
    };
    preview.push(character.encode_utf8(&mut [0; 4]));
    rest
}

fn entity(name: &str) -> Option<char> {
    if let Some(hex) = name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
        return u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    }
    if let Some(decimal) = name.strip_prefix('#') {
        return decimal.parse().ok().and_then(char::from_u32);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" | "rsquo" => Some('\''),
        "nbsp" => Some(' '),
        "zwnj" => Some('\u{200c}'),
        "shy" => Some('\u{ad}'),
        "mdash" => Some('\u{2014}'),
        "ndash" => Some('\u{2013}'),
        "hellip" => Some('\u{2026}'),
        _ => None,
    }
}

/// A preview as it grows.
#[derive(Default)]
struct Preview {
    text: String,
    chars: usize,
}

impl Preview {
    fn is_full(&self) -> bool {
        self.chars >= limits::PREVIEW_CHARS
    }

    fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.is_full() {
                return;
            }
            self.push_char(character);
        }
    }

    /// White space becomes one space; what cannot be seen, such as the fillers of newsletters, is left out.
    fn push_char(&mut self, character: char) {
        let invisible =
            matches!(character, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{feff}');
        let is_space = character.is_whitespace();
        if invisible || (character.is_control() && !is_space) {
            return;
        }
        if is_space && (self.text.is_empty() || self.text.ends_with(' ')) {
            return;
        }
        self.text.push(if is_space { ' ' } else { character });
        self.chars += 1;
    }

    fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text() {
        assert_eq!(
            of_plain("Hello,\r\n\r\n> quoted\n  world\0\u{200b}!\n-- \nAnn"),
            "Hello, world!"
        );
        assert_eq!(of_plain("ä".repeat(1000).as_str()), "ä".repeat(limits::PREVIEW_CHARS));
        assert_eq!(of_plain(" \n> only\n"), "");
    }

    #[test]
    fn html() {
        for (html, expected) in [
            ("<p>Hello <b>w</b>orld</p><p>again</p>", "Hello world again"),
            ("<head><title>t</title></head><style>x<y</style>a<!-- <b> -->b", "ab"),
            ("<STYLE type=x>p {}</Style >a&nbsp;&amp;&#228;&#xE4;&bogus;&", "a &ää&bogus;&"),
            ("a<br/>b<img src=x>c<", "a b c"),
            ("a<style>never closed", "a"),
            ("a &#x110000; &#0;", "a &#x110000;"),
        ] {
            assert_eq!(of_html(html), expected, "{html}");
        }
    }

    #[test]
    fn floods_take_linear_time() {
        for pattern in ["<", "&", "<style>", "<!--", "</", "<style></", ">\n", "&#", "<p>"] {
            let flood = pattern.repeat((1 << 20) / pattern.len());
            assert!(of_html(&flood).chars().count() <= limits::PREVIEW_CHARS);
            assert!(of_plain(&flood).chars().count() <= limits::PREVIEW_CHARS);
        }
    }
}
