//! The report: `RESULTS.md`, plots, and the README's table, out of a run's records.

use std::path::PathBuf;

use anyhow::Context;

use crate::record::Record;
use figures::Figures;

mod claims;
mod figures;
mod plots;
mod tables;

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// Where a report goes.
pub(crate) struct Paths {
    pub(crate) results: PathBuf,
    pub(crate) plots: PathBuf,
    /// A file with the two marks; the table goes between them.
    pub(crate) readme: Option<PathBuf>,
}

/// Writes all of it.
///
/// # Errors
/// The records are not those of a run, or a file cannot be written.
pub(crate) fn write(records: &[Record], paths: &Paths) -> anyhow::Result<()> {
    let figures = Figures::new(records)?;
    let plots = plots::draw(&figures, &paths.plots)?;
    std::fs::write(&paths.results, render(&figures, &plots))?;
    eprintln!("wrote {}", paths.results.display());
    if let Some(readme) = &paths.readme {
        let text = std::fs::read_to_string(readme)?;
        match between_marks(&text, &tables::readme(&figures)) {
            Some(text) => std::fs::write(readme, text)?,
            None => eprintln!("no marks ({BEGIN}, {END}) in {}", readme.display()),
        }
    }
    Ok(())
}

/// `RESULTS.md`. `plots` are file names below `plots/` with their titles.
fn render(figures: &Figures<'_>, plots: &[(String, String)]) -> String {
    let mut out = String::from("# Results\n\n");
    out += &tables::head(figures);
    out += "\n## What is to be shown\n\n";
    out += &claims::table(figures);
    for scenario in figures.scenarios() {
        out += &format!("\n## {}\n\n", scenario.title);
        out += &tables::scenario(figures, scenario);
        for (file, title) in plots.iter().filter(|(file, _)| {
            let stem = file.trim_end_matches(".svg");
            stem == scenario.name || stem.starts_with(&format!("{}-", scenario.name))
        }) {
            out += &format!("\n![{title}](plots/{file})\n");
        }
    }
    out += &tables::instructions(figures);
    out += METHOD;
    out
}

const METHOD: &str = "
## How it is measured

Every server runs on the first core (as many cores as it has shards), and the load
generator, a process of its own, on the last. A row is marked as saturated where the
generator used more than 85% of its core, and says by how much its own timers were
late at p99, where that is more than 5 ms: then its figures are an upper bound of the
server's.

- **CPU** is what the server's processes used between the window's ends, in user space
  and in the kernel, loopback's delivery included, by `/proc/PID/task/*/schedstat`, for
  each second of each listener. The best and the worst repetition stand behind it.
  Where listeners join in the window, what they cost is in it, and is shared among the
  standing ones alone: there the CPU of the window says more.
- **Delay** is from a frame's entry to the receipt of the whole frame by each
  listener: the same clock, in the same process. The entry is the moment at which the
  frame is due at the station, which hands it over at once, or keeps it until as many
  are together as the class says, where it is the publisher who groups. So the wait
  for a group to fill is in it. Every frame of every listener counts.
- **Frames** are told apart by their bytes: the stations play 90 s of chirps and noise,
  encoded by LAME at 128 kbit/s, of which no frame is like another. A frame that did
  not come within 4 s of the window's end is missing.
- **The search for the capacity** measures a step that is late once more, since the host
  may have stood still.
- **Memory**: user space is the growth of the server's resident memory since before the
  first listener, the kernel's is the growth of the slab and of socket buffers on the
  whole machine, both ends of each connection included. `/proc` does not count the
  system calls that send and receive; *switches* are how often a thread of the server
  waited or was put off its core.
- WebTransport listeners are 64 to a socket and ask for the clock once a second, as the
  project's clients do. Their windows are so wide that they never have to be widened.
  They acknowledge as QUIC does by default (25 ms, every second packet), unless the
  server asks for something else (draft-ietf-quic-ack-frequency), as clients built on
  quinn do: Skywave asks for every eighth packet, or 250 ms. Browsers cannot be asked:
  *acknowledged as by browsers* is the same relay with listeners that do not announce
  that they can.
  They connect and join with a whole QUIC stack; once all of a socket hear, a reader
  goes on that does only this (`bench/src/fleet/webtransport/lean.rs`).
- The floor seals a packet for each listener and each 1,400 bytes of audio, sends 64
  packets a call, and receives and opens one small packet for each. It does nothing
  else: no QUIC server can be cheaper without segmentation offload.
";

/// The text with other words between the marks; `None` where they are not there.
fn between_marks(text: &str, words: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{words}{END}{after}"))
}

/// A file's directory, made.
fn make(directory: &std::path::Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())
}

#[cfg(test)]
mod tests;
