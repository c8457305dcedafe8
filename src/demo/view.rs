//! The demo's one screen.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, Wrap};

use super::figures::{Channel, Seen};
use super::invitation::Invitation;

const LABEL: Style = Style::new().fg(Color::DarkGray);
const LOAD_WIDTH: usize = 20;
/// With more shards than this, a line each would push the channels off the screen.
const MOST_SHARDS: usize = 4;

/// Draws what was seen; `up` is how long the demo runs.
pub(super) fn draw(frame: &mut Frame<'_>, invitation: &Invitation, seen: &Seen, up: Duration) {
    let head = head(invitation, up);
    let figures = figures(seen);
    let width = usize::from(frame.area().width.max(1));
    let rows: usize = head.iter().map(|line| rows(line, width)).sum();
    let head = Paragraph::new(head).wrap(Wrap { trim: false });
    let [head_area, channels_area, figures_area, keys_area] = Layout::vertical([
        Constraint::Length(rows as u16),
        Constraint::Min(4),
        Constraint::Length(figures.len() as u16 + 2),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(head, head_area);
    draw_channels(frame, channels_area, &seen.channels);
    let figures = Paragraph::new(figures).block(Block::bordered().title(" Figures "));
    frame.render_widget(figures, figures_area);
    let keys = Line::from(vec![Span::from(" q").bold(), Span::styled(" quit", LABEL)]);
    frame.render_widget(keys, keys_area);
}

/// At the most: words that do not fit move to the next row whole.
fn rows(line: &Line<'_>, width: usize) -> usize {
    match line.width().div_ceil(width) {
        0 | 1 => 1,
        wrapped => wrapped + 1,
    }
}

fn head(invitation: &Invitation, up: Duration) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::from(vec![
            Span::from(" Skywave demo ").bold().reversed(),
            Span::from(format!("  {}", invitation.url())).cyan(),
            Span::styled(format!("  up {}", clock(up)), LABEL),
        ]),
        Line::default(),
    ];
    if let Some([listen, studio, admin]) = invitation.pages() {
        lines.push(Line::from(vec![
            Span::styled(" Listen  ", LABEL),
            Span::from(listen).cyan().bold(),
        ]));
        lines.push(Line::from(vec![
            Span::styled(" Studio  ", LABEL),
            Span::from(studio).cyan(),
            Span::styled("   Admin  ", LABEL),
            Span::from(admin).cyan(),
        ]));
    }
    lines.push(Line::styled(" In another terminal:", LABEL));
    let token = invitation.token_command().into_iter().flatten();
    lines.extend(token.map(|line| Line::from(format!(" {line}"))));
    let [ffplay, mpv] = invitation.commands();
    lines.push(Line::from(format!(" {ffplay}")));
    lines.push(Line::from(format!(" {mpv}")));
    lines.push(Line::default());
    lines
}

fn draw_channels(frame: &mut Frame<'_>, area: Rect, channels: &[Channel]) {
    let block = Block::bordered().title(" Channels ");
    if channels.is_empty() {
        let empty = Paragraph::new("nothing is on the air yet").style(LABEL);
        frame.render_widget(empty.block(block), area);
        return;
    }
    let rows = channels.iter().map(|channel| {
        Row::new([
            Cell::from(channel.name.clone()).bold(),
            Cell::from(channel.show.clone()),
            Cell::from(channel.title.clone()).cyan(),
            Cell::from(Line::from(channel.listeners.to_string()).right_aligned()),
            Cell::from(Line::from(clock(channel.on_air)).right_aligned()),
        ])
    });
    let widths = [
        Constraint::Fill(2),
        Constraint::Fill(3),
        Constraint::Fill(6),
        Constraint::Length(9),
        Constraint::Length(8),
    ];
    let head = Row::new([
        Line::from("Channel"),
        Line::from("Show"),
        Line::from("Playing"),
        Line::from("Listeners").right_aligned(),
        Line::from("On air").right_aligned(),
    ]);
    let table = Table::new(rows, widths)
        .header(head.style(LABEL))
        .block(block);
    frame.render_widget(table, area);
}

fn figures(seen: &Seen) -> Vec<Line<'static>> {
    let delay = match seen.delay {
        Some(delay) => delay.to_string(),
        None => "nobody listens".to_owned(),
    };
    let mut lines = vec![
        figure("Sessions", seen.sessions.to_string()),
        figure(
            "Frames",
            format!("{:.0}/s in, {:.0}/s out", seen.frames_in, seen.frames_out),
        ),
        figure("Fan-out", delay),
    ];
    if seen.loads.len() > MOST_SHARDS {
        let busiest = seen.loads.iter().copied().fold(0.0, f64::max);
        let shards = format!(
            "{}, the busiest {:.1} % busy",
            seen.loads.len(),
            busiest * 100.0
        );
        lines.push(figure("Shards", shards));
        return lines;
    }
    for (shard, load) in seen.loads.iter().enumerate() {
        let filled = (load.clamp(0.0, 1.0) * LOAD_WIDTH as f64).round() as usize;
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<10}", format!("Shard {shard}")), LABEL),
            Span::from("█".repeat(filled)).green(),
            Span::styled("░".repeat(LOAD_WIDTH - filled), LABEL),
            Span::from(format!("  {:.1} % busy", load * 100.0)),
        ]));
    }
    lines
}

fn figure(label: &'static str, value: String) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!(" {label:<10}"), LABEL),
        Span::from(value),
    ])
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn seen(shards: usize) -> Seen {
        let channel = Channel {
            name: "jazz".to_owned(),
            show: "Night Shift".to_owned(),
            title: "Ada - One".to_owned(),
            listeners: 1234,
            on_air: Duration::from_secs(3_725),
        };
        Seen {
            channels: vec![channel],
            sessions: 1235,
            frames_in: 38.3,
            frames_out: 47_261.0,
            delay: None,
            loads: vec![0.5; shards],
        }
    }

    fn drawn(width: u16, height: u16, seen: &Seen) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        let invitation = Invitation::to("https://localhost:4433");
        let up = Duration::from_secs(61);
        let draw = |frame: &mut Frame<'_>| super::draw(frame, &invitation, seen, up);
        terminal.draw(draw).expect("it is drawn");
        terminal.backend().to_string()
    }

    #[test]
    fn everything_has_its_place_on_an_ordinary_terminal() {
        for shards in [1, 2, 4, 64] {
            let screen = drawn(80, 24, &seen(shards));
            for words in [
                "Listen  http://localhost:8080/?channel=demo",
                "http://localhost:8080/studio   Admin  http://localhost:8080/admin",
                "--channel demo | ffplay -nodisp -",
                "--channel demo | mpv -",
                "up 0:01:01",
                "jazz",
                "Night Shift",
                "Ada - One",
                "1234  1:02:05",
                "38/s in, 47261/s out",
                "nobody listens",
                "50.0 % busy",
                "q quit",
            ] {
                assert!(
                    screen.contains(words),
                    "{words} with {shards} shards in\n{screen}"
                );
            }
        }
    }

    #[test]
    fn a_tiny_terminal_is_no_reason_to_panic() {
        for (width, height) in [(1, 1), (10, 3), (30, 8)] {
            drawn(width, height, &seen(2));
        }
    }
}
