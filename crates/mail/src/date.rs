//! Points in time, as IMAP has them: seconds and a zone.

use std::fmt;

const SECONDS_PER_DAY: i64 = 86_400;
/// The widest zone offset that four digits of a date can carry, in minutes.
const MAX_OFFSET_MINUTES: i16 = 99 * 60 + 59;

/// A point in time with the zone in which it was written down.
///
/// Internal dates are of this kind: two that name the same instant in different zones are printed differently.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Seconds since 1970, of which 48 bits are more than enough, and below them the zone, since each message that is
    /// in memory has one of these.
    packed: i64,
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unix, offset_minutes) = (self.unix(), self.offset_minutes());
        f.debug_struct("DateTime")
            .field("unix", &unix)
            .field("offset_minutes", &offset_minutes)
            .finish()
    }
}

/// A date that no calendar has, or that IMAP's four-digit years cannot carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidDate;

impl fmt::Display for InvalidDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such date")
    }
}

impl std::error::Error for InvalidDate {}

impl DateTime {
    /// The instant `unix` (seconds since 1970-01-01 00:00 UTC) seen in UTC; years are clamped to 0..=9999.
    #[must_use]
    pub fn from_unix(unix: i64) -> Self {
        Self::with_offset(unix, 0)
    }

    /// The instant `unix` seen `offset_minutes` east of UTC; out-of-range values are clamped.
    #[must_use]
    pub fn with_offset(unix: i64, offset_minutes: i16) -> Self {
        let earliest = (days_from_civil(0, 1, 1) + 5) * SECONDS_PER_DAY;
        let latest = (days_from_civil(9999, 12, 26)) * SECONDS_PER_DAY;
        let offset = offset_minutes.clamp(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES);
        Self { packed: unix.clamp(earliest, latest) << 16 | i64::from(offset.cast_unsigned()) }
    }

    /// A calendar date and time of day in a zone `offset_minutes` east of UTC. A leap second counts as the next one.
    ///
    /// # Errors
    /// When no calendar has it.
    pub fn from_civil(
        (year, month, day): (i32, u8, u8),
        (hour, minute, second): (u8, u8, u8),
        offset_minutes: i16,
    ) -> Result<Self, InvalidDate> {
        let valid = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60
            && offset_minutes.abs() <= MAX_OFFSET_MINUTES;
        if !valid {
            return Err(InvalidDate);
        }
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        let local = days_from_civil(year, month, day) * SECONDS_PER_DAY + seconds;
        Ok(Self::with_offset(local - i64::from(offset_minutes) * 60, offset_minutes))
    }

    /// Seconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.packed >> 16
    }

    /// Minutes east of UTC.
    #[must_use]
    pub fn offset_minutes(self) -> i16 {
        let [low, high, ..] = self.packed.to_le_bytes();
        i16::from_le_bytes([low, high])
    }

    /// Days since 1970-01-01 of the date as it was written down, disregarding the zone (RFC 9051 §6.4.4: SEARCH ON).
    #[must_use]
    pub fn local_day(self) -> i64 {
        self.local_seconds().div_euclid(SECONDS_PER_DAY)
    }

    /// Year, month (1-12) and day (1-31) as written down.
    #[must_use]
    pub fn date(self) -> (i32, u8, u8) {
        civil_from_days(self.local_day())
    }

    /// Hour, minute and second as written down.
    #[must_use]
    pub fn time(self) -> (u8, u8, u8) {
        let second = self.local_seconds().rem_euclid(SECONDS_PER_DAY);
        let part = |value: i64| u8::try_from(value).unwrap_or(0);
        (part(second / 3600), part(second / 60 % 60), part(second % 60))
    }

    /// Days since 1970-01-01 of a calendar date.
    ///
    /// # Errors
    /// When no calendar has it.
    pub fn day_number(year: i32, month: u8, day: u8) -> Result<i64, InvalidDate> {
        Self::from_civil((year, month, day), (0, 0, 0), 0)
            .map(|_| days_from_civil(year, month, day))
    }

    /// As header fields have it (RFC 5322 §3.3), in the zone in which it was written down.
    #[must_use]
    pub fn to_header(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        let since_thursday = usize::try_from(self.local_day().rem_euclid(7)).unwrap_or(0);
        let weekday = DAYS.get(since_thursday).unwrap_or(&"Thu");
        let month = MONTHS.get(usize::from(month).saturating_sub(1)).unwrap_or(&"Jan");
        let zone = self.offset_minutes();
        let (sign, hours, minutes) =
            (if zone < 0 { '-' } else { '+' }, zone.abs() / 60, zone.abs() % 60);
        format!(
            "{weekday}, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} {sign}{hours:02}{minutes:02}"
        )
    }

    fn local_seconds(self) -> i64 {
        self.unix() + i64::from(self.offset_minutes()) * 60
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, whose years here begin in March so that
/// the leap day comes last.
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let month = i64::from(month);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let small = |value: i64| u8::try_from(value).unwrap_or(0);
    (i32::try_from(year).unwrap_or(0), small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instant_and_zone_are_kept_apart() {
        for unix in [i64::MIN, -62_000_000_000, -1, 0, 1, 1_800_000_000, i64::MAX] {
            for offset in [i16::MIN, -719, -1, 0, 1, 840, i16::MAX] {
                let date = DateTime::with_offset(unix, offset);
                assert_eq!(date.offset_minutes(), offset.clamp(-5999, 5999));
                assert_eq!(date.unix(), DateTime::from_unix(unix).unix());
                assert_eq!(DateTime::with_offset(date.unix(), date.offset_minutes()), date);
            }
        }
        assert_eq!(DateTime::from_unix(-1).unix(), -1);
        assert_eq!(size_of::<DateTime>(), 8);
    }

    #[test]
    fn civil_dates_round_trip_over_ten_thousand_years() {
        for days in (days_from_civil(0, 1, 1)..days_from_civil(9999, 12, 31)).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
            assert!(day <= days_in_month(year, month));
        }
    }

    #[test]
    fn a_date_keeps_its_zone() {
        let date = DateTime::from_civil((1996, 7, 17), (2, 44, 25), -7 * 60).unwrap();
        assert_eq!(date.unix(), 837_596_665);
        assert_eq!(date.date(), (1996, 7, 17));
        assert_eq!(date.time(), (2, 44, 25));
    }

    #[test]
    fn header_fields_have_the_weekday_and_the_zone() {
        let date = DateTime::from_civil((1996, 7, 17), (2, 44, 25), -(7 * 60 + 30)).unwrap();
        assert_eq!(date.to_header(), "Wed, 17 Jul 1996 02:44:25 -0730");
        let date = DateTime::from_unix(-1).to_header();
        assert_eq!(date, "Wed, 31 Dec 1969 23:59:59 +0000");
    }

    #[test]
    fn dates_that_no_calendar_has_are_refused() {
        for (date, time) in
            [((2023, 2, 29), (0, 0, 0)), ((2024, 13, 1), (0, 0, 0)), ((2024, 1, 1), (24, 0, 0))]
        {
            assert_eq!(DateTime::from_civil(date, time, 0), Err(InvalidDate));
        }
    }

    #[test]
    fn extremes_are_clamped_to_what_four_digits_carry() {
        for unix in [i64::MIN, i64::MAX] {
            for offset in [i16::MIN, i16::MAX] {
                let (year, ..) = DateTime::with_offset(unix, offset).date();
                assert!((0..=9999).contains(&year));
            }
        }
    }
}
