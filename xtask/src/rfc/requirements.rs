//! What an RFC demands: the lists in `docs/requirements`.

use std::collections::HashSet;

/// The requirements of one RFC.
#[derive(Debug)]
pub(crate) struct List {
    /// The number of the RFC.
    pub rfc: String,
    /// What it is about, in a few words.
    pub title: String,
    /// In the order of the RFC.
    pub sections: Vec<Section>,
}

/// A section that demands something.
#[derive(Debug)]
pub(crate) struct Section {
    pub number: String,
    pub title: String,
    pub requirements: Vec<Requirement>,
}

/// One demand.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// `9051/6.4.5/a`
    pub id: String,
    pub level: &'static str,
    /// Whether it binds the client, so that a server has nothing to prove.
    pub client: bool,
    pub text: String,
    pub excuse: Option<Excuse>,
}

/// Why nothing proves a requirement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    ByDesign(String),
    NotApplicable(String),
}

/// Longer ones first: the first that fits counts.
const LEVELS: [&str; 4] = ["MUST NOT", "MUST", "SHOULD NOT", "SHOULD"];

impl List {
    /// Read a list.
    ///
    /// # Errors
    /// The line, and what is wrong with it.
    pub(crate) fn parse(rfc: &str, text: &str) -> Result<Self, (usize, String)> {
        let mut list = Self { rfc: rfc.to_owned(), title: String::new(), sections: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            list.take(line).map_err(|what| (index + 1, what.to_owned()))?;
        }
        match list.duplicate() {
            Some(id) => Err((0, format!("{id} is listed twice"))),
            None => Ok(list),
        }
    }

    /// How deep a line is indented says what it is.
    fn take(&mut self, line: &str) -> Result<(), &'static str> {
        if let Some(title) = line.strip_prefix("title: ") {
            title.clone_into(&mut self.title);
            return Ok(());
        }
        match line.len() - line.trim_start().len() {
            0 => {
                self.sections.push(section(line)?);
                Ok(())
            }
            2 => {
                let section = self.sections.last_mut().ok_or("a requirement before any section")?;
                section.requirements.push(requirement(&self.rfc, &section.number, line)?);
                Ok(())
            }
            4 => {
                let section = self.sections.last_mut();
                let last = section.and_then(|section| section.requirements.last_mut());
                last.ok_or("nothing to go on with")?.go_on(line.trim_start());
                Ok(())
            }
            _ => Err("indent by 0 (section), 2 (requirement) or 4 (more of it)"),
        }
    }

    /// All requirements, in their order.
    pub(crate) fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.sections.iter().flat_map(|section| &section.requirements)
    }

    fn duplicate(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        self.requirements().map(|requirement| requirement.id.as_str()).find(|id| !seen.insert(*id))
    }
}

impl Requirement {
    /// A line that belongs to this requirement: an excuse, or more words.
    fn go_on(&mut self, line: &str) {
        if let Some(reason) = line.strip_prefix("by design: ") {
            self.excuse = Some(Excuse::ByDesign(reason.to_owned()));
        } else if let Some(reason) = line.strip_prefix("n/a: ") {
            self.excuse = Some(Excuse::NotApplicable(reason.to_owned()));
        } else {
            let words = match &mut self.excuse {
                Some(Excuse::ByDesign(words) | Excuse::NotApplicable(words)) => words,
                None => &mut self.text,
            };
            words.push(' ');
            words.push_str(line);
        }
    }
}

/// `6.4.5 FETCH`
fn section(line: &str) -> Result<Section, &'static str> {
    let (number, title) = line.split_once(' ').ok_or("a section is a number and a title")?;
    Ok(Section {
        number: number.to_owned(),
        title: title.trim_start().to_owned(),
        requirements: Vec::new(),
    })
}

/// `  a MUST  The sentence.` or `  b SHOULD client  The sentence.`
fn requirement(rfc: &str, section: &str, line: &str) -> Result<Requirement, &'static str> {
    let line = line.trim_start();
    let (letter, rest) =
        line.split_once(' ').ok_or("a requirement is a letter, a level, a sentence")?;
    if letter.is_empty() || !letter.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err("a requirement begins with a letter of its own");
    }
    let rest = rest.trim_start();
    let level = LEVELS.into_iter().find(|level| rest.starts_with(level));
    let level = level.ok_or("the level is MUST, MUST NOT, SHOULD or SHOULD NOT")?;
    let rest = rest[level.len()..].trim_start();
    let (client, text) = match rest.strip_prefix("client ") {
        Some(text) => (true, text.trim_start()),
        None => (false, rest),
    };
    if text.is_empty() {
        return Err("the sentence is missing");
    }
    Ok(Requirement {
        id: format!("{rfc}/{section}/{letter}"),
        level,
        client,
        text: text.to_owned(),
        excuse: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (usize, String) {
        List::parse("9051", text).unwrap_err()
    }

    #[test]
    fn a_list_is_read() {
        let text = "# why\ntitle: IMAP\n\n6.4.5 FETCH\n  a MUST NOT  Goes on\n    here.\n  b SHOULD client  Asks.\n\
                    \n7 Answers\n  a MUST  Is so.\n    by design: nobody\n    can see it\n";
        let list = List::parse("9051", text).unwrap();
        assert_eq!(list.title, "IMAP");
        let found: Vec<_> = list
            .requirements()
            .map(|r| (r.id.as_str(), r.level, r.client, r.text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("9051/6.4.5/a", "MUST NOT", false, "Goes on here."),
                ("9051/6.4.5/b", "SHOULD", true, "Asks."),
                ("9051/7/a", "MUST", false, "Is so."),
            ]
        );
        let last = list.requirements().last().unwrap();
        assert_eq!(last.excuse, Some(Excuse::ByDesign("nobody can see it".to_owned())));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(wrong("  a MUST  X.\n").1, "a requirement before any section");
        assert!(wrong("1 One\n  a MAY  X.\n").1.starts_with("the level is"));
        assert_eq!(wrong("1 One\n\n  a MUST\n"), (3, "the sentence is missing".to_owned()));
        assert_eq!(wrong("1 One\n  1 MUST  X.\n").0, 2);
        assert_eq!(wrong("1 One\n   a MUST  X.\n").0, 2);
        assert_eq!(
            wrong("1 One\n  a MUST  X.\n2 Two\n1 One\n  a MUST  Y.\n").1,
            "9051/1/a is listed twice"
        );
    }
}
