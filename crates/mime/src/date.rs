//! The Date field (RFC 5322 §3.3, §4.3), and what is found in its place.

use crate::lexer::Lexer;

/// When a message says it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SentDate {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub unix: i64,
    /// Minutes east of UTC of the zone in which it was written.
    pub offset_minutes: i16,
}

/// The date in a Date field's value, in today's form, the obsolete ones, or a common broken one: that of `asctime`,
/// that of ISO 8601, day-month-year with hyphens; without a day of the week, a time or a zone (which is then UTC).
///
/// `None` if there is no day, month and year in it that a calendar has.
#[must_use]
pub fn parse(value: &[u8]) -> Option<SentDate> {
    let mut found = Found::default();
    let mut lexer = Lexer::new(value);
    loop {
        lexer.skip_cfws();
        let word = lexer.run(|octet| octet.is_ascii_graphic() && !b"(,".contains(&octet));
        if word.is_empty() {
            if lexer.peek().is_none() {
                return found.date();
            }
            lexer.bump();
        } else if let Ok(word) = std::str::from_utf8(word) {
            found.word(word);
        }
    }
}

/// What the words have told so far.
#[derive(Default)]
struct Found {
    year: Option<i32>,
    month: Option<u8>,
    day: Option<u8>,
    time: Option<Time>,
    zone: Option<i16>,
}

#[derive(Clone, Copy)]
struct Time {
    hour: u8,
    minute: u8,
    second: u8,
}

impl Found {
    fn word(&mut self, word: &str) {
        if let Some((date, time)) =
            word.split_once(['T', 't']).filter(|(date, _)| is_iso_date(date))
        {
            self.hyphenated(date);
            self.time_and_zone(time);
        } else if self.time.is_none() && word.contains(':') {
            self.time_and_zone(word);
        } else if self.time.is_some() && self.zone.is_none() && zone(word).is_some() {
            self.zone = zone(word);
        } else if word.starts_with(|first: char| first.is_ascii_digit()) {
            self.number(word);
        } else if let Some(month) = month(word).filter(|_| self.month.is_none()) {
            self.month = Some(month);
        } else {
            self.half_of_day(word);
        }
    }

    /// A day, a year, or a whole date with hyphens.
    fn number(&mut self, word: &str) {
        if word.contains(['-', '/']) {
            return self.hyphenated(word);
        }
        let number = word.trim_end_matches(|last: char| !last.is_ascii_digit());
        match (number.parse::<i32>(), self.day) {
            (Ok(day @ 1..=31), None) if number.len() <= 2 => self.day = u8::try_from(day).ok(),
            (Ok(year), _) if self.year.is_none() => self.year = full_year(year, number.len()),
            _ => {}
        }
    }

    /// `2026-11-22`, `22-Nov-2026` or `22-Nov-26`.
    fn hyphenated(&mut self, word: &str) {
        let mut pieces = word.split(['-', '/']);
        let (Some(first), Some(middle), Some(last)) = (pieces.next(), pieces.next(), pieces.next())
        else {
            return;
        };
        let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
        self.day = day.parse().ok();
        self.month = month(middle).or_else(|| middle.parse().ok());
        self.year = year.parse().ok().and_then(|number| full_year(number, year.len()));
    }

    /// `12:34`, `12:34:56`, `12:34:56.789`, with a zone written to it or not.
    fn time_and_zone(&mut self, word: &str) {
        let end = word.find(|next: char| !next.is_ascii_digit() && next != ':' && next != '.');
        let (time, rest) = word.split_at_checked(end.unwrap_or(word.len())).unwrap_or((word, ""));
        self.time = parse_time(time);
        if !rest.is_empty() {
            self.zone = zone(rest);
            self.half_of_day(rest);
        }
    }

    /// `PM` after a time of twelve hours.
    fn half_of_day(&mut self, word: &str) {
        let Some(time) = &mut self.time else { return };
        if word.eq_ignore_ascii_case("pm") && time.hour < 12 {
            time.hour += 12;
        } else if word.eq_ignore_ascii_case("am") && time.hour == 12 {
            time.hour = 0;
        }
    }

    fn date(&self) -> Option<SentDate> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let time = self.time.unwrap_or(Time { hour: 0, minute: 0, second: 0 });
        let seconds =
            i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
        let offset_minutes = self.zone.unwrap_or(0);
        let local = days_since_1970(year, month, day) * 86_400 + seconds;
        Some(SentDate { unix: local - i64::from(offset_minutes) * 60, offset_minutes })
    }
}

fn is_iso_date(word: &str) -> bool {
    word.len() == 10 && word.bytes().all(|octet| octet.is_ascii_digit() || octet == b'-')
}

/// A year of so many digits: two mean 1950 to 2049, three count from 1900 (RFC 5322 §4.3).
fn full_year(number: i32, digits: usize) -> Option<i32> {
    let year = match (number, digits) {
        (0..=49, ..=2) => number + 2000,
        (_, ..=3) => number + 1900,
        _ => number,
    };
    (0..=9999).contains(&year).then_some(year)
}

fn parse_time(text: &str) -> Option<Time> {
    let mut pieces = text.split(':');
    let hour = pieces.next()?.parse().ok()?;
    let minute = pieces.next()?.parse().ok()?;
    let second = pieces.next().map_or(Some(0), |text| text.split('.').next()?.parse().ok())?;
    (hour < 24 && minute < 60 && second <= 60).then_some(Time { hour, minute, second })
}

fn month(word: &str) -> Option<u8> {
    let names =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = word.get(..3)?;
    let index = names.iter().position(|name| start.eq_ignore_ascii_case(name))?;
    u8::try_from(index + 1).ok()
}

/// Minutes east of UTC of a zone: `+0130`, `+01:30`, `EST` and the other names of RFC 5322 §4.3, or some that are
/// widely used. The military letters say nothing, since senders had their sign wrong; `-0000` is UTC.
fn zone(word: &str) -> Option<i16> {
    if word.starts_with(['+', '-']) {
        return numeric_zone(word);
    }
    let hours = match word.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" | "WET" => 0,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "BST" | "CET" | "MET" | "WEST" => 1,
        "CEST" | "MEST" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" | "KST" => 9,
        letter
            if letter.len() == 1
                && letter.starts_with(|first: char| first.is_ascii_alphabetic()) =>
        {
            0
        }
        other => return utc_plus(other),
    };
    Some(hours * 60)
}

/// `GMT+0100`, `UTC-05:00`.
fn utc_plus(word: &str) -> Option<i16> {
    let offset = word.strip_prefix("GMT").or_else(|| word.strip_prefix("UTC"))?;
    numeric_zone(offset)
}

fn numeric_zone(word: &str) -> Option<i16> {
    let sign = match word.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = word.chars().skip(1).filter(|digit| *digit != ':').collect();
    if digits.len() > 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number: i16 = digits.parse().ok()?;
    let (hours, minutes) =
        if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    (minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days_in_month(year: i32, month: u8) -> u8 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of a date in the Gregorian calendar, years beginning in March so that the leap day comes last.
fn days_since_1970(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(text: &str) -> Option<(i64, i16)> {
        parse(text.as_bytes()).map(|date| (date.unix, date.offset_minutes))
    }

    #[test]
    fn todays_form() {
        assert_eq!(unix("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)"), Some((837_595_405, -420)));
        assert_eq!(unix("1 Jan 1970 00:00 +0000"), Some((0, 0)));
        assert_eq!(unix("Thu, 29 Feb 2024 23:59:60 +0130"), Some((1_709_245_800, 90)));
        assert_eq!(unix("31 Dec 9999 23:59:59 +0000"), Some((253_402_300_799, 0)));
    }

    #[test]
    fn obsolete_forms() {
        let expected = Some((837_595_405, -420));
        for text in [
            "Wed, 17 Jul 96 02:23:25 PDT",
            "Wed (day) , 17 (x) Jul 096 02:23:25 -0700",
            "17 jul 1996 2:23:25 pdt",
            "Wednesday, 17-Jul-96 02:23:25 MST",
        ] {
            assert_eq!(unix(text), expected, "{text}");
        }
        assert_eq!(unix("17 Jul 1996 02:23:25 Q"), Some((837_570_205, 0)));
        assert_eq!(unix("1 Jan 49 00:00:00 GMT").map(|(unix, _)| unix), Some(2_493_072_000));
        assert_eq!(unix("1 Jan 50 00:00:00 GMT").map(|(unix, _)| unix), Some(-631_152_000));
    }

    #[test]
    fn common_broken_forms() {
        let expected = Some((837_570_205, 0));
        for text in [
            "Wed Jul 17 02:23:25 1996",
            "Wed Jul 17 02:23:25 GMT 1996",
            "1996-07-17T02:23:25Z",
            "1996-07-17 02:23:25.123",
            "Wed, 17 Jul 1996 02:23:25",
            "Wed,17 Jul 1996 02:23:25GMT",
            "Wed, 17 July 1996 02:23:25 UTC+00:00",
            "Wed, 17th Jul 1996 2:23:25 AM",
        ] {
            assert_eq!(unix(text), expected, "{text}");
        }
        assert_eq!(unix("17 Jul 1996"), Some((837_561_600, 0)));
        assert_eq!(unix("17 Jul 1996 02:23:25 PM +0100"), Some((837_609_805, 60)));
    }

    #[test]
    fn what_no_calendar_has_is_no_date() {
        for text in [
            "",
            "yesterday",
            "31 Feb 2026 00:00:00 +0000",
            "0 Jan 2026",
            "Jan 2026",
            "\u{ff}",
            "12:00",
        ] {
            assert_eq!(unix(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_that_no_clock_shows_leaves_the_day() {
        assert_eq!(unix("17 Jul 1996 25:61:00 +0000"), Some((837_561_600, 0)));
    }
}
