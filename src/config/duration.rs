//! Durations as people write them.

use std::time::Duration;

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not numbers, each with a unit.
    #[error("must be a duration such as 250ms, 10s, 30m, 1h30m or 7d, got {0:?}")]
    Form(String),
    /// More than can be counted.
    #[error("{0:?} is too long a duration")]
    TooLong(String),
}

/// Reads a duration: whole numbers, each with a unit (`ms`, `s`, `m`, `h`,
/// `d`), the largest unit first, such as `10s`, `250ms` or `1h30m`.
///
/// # Errors
/// When the text has another form, or is too long to be counted.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let form = || DurationError::Form(text.chars().take(64).collect());
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(form());
    }
    let mut total = Duration::ZERO;
    let mut previous = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(form)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let millis = unit_millis(unit).ok_or_else(form)?;
        if number.is_empty() || millis >= previous {
            return Err(form());
        }
        let too_long = || DurationError::TooLong(text.chars().take(64).collect());
        let part = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(millis))
            .ok_or_else(too_long)?;
        total = total
            .checked_add(Duration::from_millis(part))
            .ok_or_else(too_long)?;
        previous = millis;
        rest = tail;
    }
    Ok(total)
}

/// Writes a duration in the form that [`parse_duration`] reads; what is below
/// a millisecond is dropped.
pub(super) fn write(duration: Duration) -> String {
    let mut millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for unit in ["d", "h", "m", "s", "ms"] {
        let size = unit_millis(unit).map_or(1, u128::from);
        if millis >= size {
            text += &format!("{}{unit}", millis / size);
            millis %= size;
        }
    }
    text
}

fn unit_millis(unit: &str) -> Option<u64> {
    match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    }
}
