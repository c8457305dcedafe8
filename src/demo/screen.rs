//! The terminal while the demo owns it.

use std::io;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use skywave::Server;
use tokio::time::{Instant, sleep};

use super::figures::Figures;
use super::invitation::Invitation;
use super::view;

/// How often keys are looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How often the figures are drawn anew.
const REDRAW: Duration = Duration::from_millis(500);

/// Shows the relay until somebody quits. The terminal is as it was when this
/// returns, is dropped, or panics.
///
/// # Errors
/// The terminal cannot be used.
pub(super) async fn run(
    server: &Server,
    invitation: &Invitation,
    figures: &mut Figures,
) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let _restored = Restored;
    let began = Instant::now();
    let mut next = began;
    loop {
        let mut redraw = Instant::now() >= next;
        while event::poll(Duration::ZERO)? {
            match event::read()? {
                Event::Key(key) if quits(key) => return Ok(()),
                Event::Resize(..) => redraw = true,
                _ => {}
            }
        }
        if redraw {
            next = Instant::now() + REDRAW;
            let seen = figures.look(server);
            terminal.draw(|frame| view::draw(frame, invitation, &seen, began.elapsed()))?;
        }
        sleep(LOOK).await;
    }
}

struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// In raw mode Ctrl-C is a key.
fn quits(key: KeyEvent) -> bool {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && match key.code {
            KeyCode::Char('q') | KeyCode::Esc => true,
            KeyCode::Char('c') => ctrl,
            _ => false,
        }
}
