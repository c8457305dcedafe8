//! Reads a TOML table key by key. A wrong value is noted with its key and the
//! default stands in, so that one pass finds every mistake; what is left over
//! at the end is unknown.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::{Table, Value};

use super::duration::{self, parse_duration};
use super::error::ConfigError;

/// The mistakes so far.
#[derive(Default)]
pub(super) struct Mistakes(RefCell<Vec<ConfigError>>);

impl Mistakes {
    pub(super) fn add(&self, key: impl Into<String>, problem: impl Display) {
        self.0.borrow_mut().push(ConfigError::Key {
            key: key.into(),
            problem: problem.to_string(),
        });
    }

    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.0.into_inner()
    }
}

/// One table of the text. [`Section::finish`] must be called, or unknown keys
/// pass unseen.
#[must_use]
pub(super) struct Section<'a> {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    mistakes: &'a Mistakes,
}

impl<'a> Section<'a> {
    pub(super) fn root(table: Table, mistakes: &'a Mistakes) -> Self {
        Self {
            path: String::new(),
            table,
            known: Vec::new(),
            mistakes,
        }
    }

    /// The full name of a key of this table.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(super) fn mistake(&self, name: &str, problem: impl Display) {
        self.mistakes.add(self.key(name), problem);
    }

    /// Notes a mistake under a full name.
    pub(super) fn mistake_at(&self, key: &str, problem: impl Display) {
        self.mistakes.add(key, problem);
    }

    /// The full name of the table itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.table.remove(name)
    }

    fn expected(&self, name: &str, what: &str, got: &Value) {
        self.mistake(
            name,
            format_args!("must be {what}, got {}", kind(got.type_str())),
        );
    }

    /// The sub-table `name`; empty when absent.
    pub(super) fn section(&mut self, name: &'static str) -> Section<'a> {
        let table = match self.take(name) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.expected(name, "a table", &other);
                Table::new()
            }
        };
        Section {
            path: self.key(name),
            table,
            known: Vec::new(),
            mistakes: self.mistakes,
        }
    }

    /// The array of tables `name`; empty when absent.
    pub(super) fn sections(&mut self, name: &'static str) -> Vec<Section<'a>> {
        let values = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values,
            Some(other) => {
                let what = format!("an array of tables, written [[{}]]", self.key(name));
                self.expected(name, &what, &other);
                return Vec::new();
            }
        };
        let mut sections = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let path = format!("{}[{index}]", self.key(name));
            let Value::Table(table) = value else {
                let got = kind(value.type_str());
                self.mistakes
                    .add(path, format_args!("must be a table, got {got}"));
                continue;
            };
            sections.push(Section {
                path,
                table,
                known: Vec::new(),
                mistakes: self.mistakes,
            });
        }
        sections
    }

    pub(super) fn string(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => {
                self.expected(name, "a string", &other);
                None
            }
        }
    }

    /// The strings of an array, each with its full name.
    pub(super) fn strings(&mut self, name: &'static str) -> Option<Vec<(String, String)>> {
        let values = match self.take(name)? {
            Value::Array(values) => values,
            other => {
                self.expected(name, "an array of strings", &other);
                return None;
            }
        };
        let mut strings = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let key = format!("{}[{index}]", self.key(name));
            match value {
                Value::String(text) => strings.push((key, text)),
                other => self.mistakes.add(
                    key,
                    format_args!("must be a string, got {}", kind(other.type_str())),
                ),
            }
        }
        Some(strings)
    }

    /// The same, where the key may also be the one word `off`: then none.
    pub(super) fn strings_or_off(&mut self, name: &'static str) -> Option<Vec<(String, String)>> {
        if let Some(Value::String(text)) = self.table.get(name) {
            if text != "off" {
                let problem = format!("must be \"off\" or an array of strings, got {text:?}");
                self.mistake(name, problem);
            }
            self.take(name);
            return Some(Vec::new());
        }
        let strings = self.strings(name);
        if strings.as_ref().is_some_and(Vec::is_empty) {
            self.mistake(name, "must be \"off\" or name at least one address");
        }
        strings
    }

    pub(super) fn boolean(&mut self, name: &'static str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Boolean(value)) => value,
            Some(other) => {
                self.expected(name, "true or false", &other);
                false
            }
        }
    }

    pub(super) fn integer<T>(
        &mut self,
        name: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T
    where
        T: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        let value = match self.take(name) {
            None => return default,
            Some(Value::Integer(value)) => value,
            Some(other) => {
                self.expected(name, "a whole number", &other);
                return default;
            }
        };
        match T::try_from(value) {
            Ok(value) if range.contains(&value) => return value,
            Ok(small) if small < *range.start() => self.at_least(name, range.start(), value),
            Err(_) if value < 0 => self.at_least(name, range.start(), value),
            _ => self.mistake(
                name,
                format_args!("must be at most {}, got {value}", range.end()),
            ),
        }
        default
    }

    fn at_least(&self, name: &str, least: impl Display, got: i64) {
        self.mistake(name, format_args!("must be at least {least}, got {got}"));
    }

    pub(super) fn duration(
        &mut self,
        name: &'static str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let text = match self.take(name) {
            None => return default,
            Some(Value::String(text)) => text,
            Some(other) => {
                self.expected(name, "a duration in quotes such as \"10s\"", &other);
                return default;
            }
        };
        let value = match parse_duration(&text) {
            Ok(value) => value,
            Err(error) => {
                self.mistake(name, error);
                return default;
            }
        };
        let (bound, limit) = if value < *range.start() {
            ("least", range.start())
        } else if value > *range.end() {
            ("most", range.end())
        } else {
            return value;
        };
        let limit = duration::write(*limit);
        self.mistake(name, format_args!("must be at {bound} {limit}, got {text}"));
        default
    }

    /// Reports what nobody asked for.
    pub(super) fn finish(self) {
        for name in self.table.keys() {
            match nearest(name, &self.known) {
                Some(known) => self.mistake(name, format_args!("unknown key; meant `{known}`?")),
                None => self.mistake(
                    name,
                    format_args!("unknown key; known here: {}", self.known.join(", ")),
                ),
            }
        }
    }
}

fn kind(type_name: &str) -> String {
    match type_name {
        "integer" | "array" => format!("an {type_name}"),
        other => format!("a {other}"),
    }
}

fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
