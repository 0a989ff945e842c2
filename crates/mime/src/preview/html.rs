//! HTML without its markup.

use super::{Preview, entity};
use crate::limits;

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
    let decoded =
        end.and_then(|end| entity::character(markup.get(1..end)?).zip(markup.get(end + 1..)));
    let Some((character, rest)) = decoded else {
        preview.push("&");
        return markup.strip_prefix('&').unwrap_or(markup);
    };
    preview.push(character.encode_utf8(&mut [0; 4]));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// So that a text full of ampersands is not searched to its end for each of them.
    #[test]
    fn an_entity_has_a_length() {
        let entity = |digits: usize| format!("&#{}65;", "0".repeat(digits));
        let most = limits::ENTITY_CHARS - "&#65;".len();
        assert_eq!(of_html(&entity(most)), "A");
        let longer = entity(most + 1);
        assert_eq!(of_html(&longer), longer);
    }
}
