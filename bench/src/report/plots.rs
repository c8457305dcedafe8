//! Plots as SVG, to be read at a phone's width.

use std::fmt::Display;
use std::path::Path;

use anyhow::anyhow;
use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, IntoFont, RGBColor, WHITE};

use super::figures::{Cell, Figures};
use super::make;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 420;
const TITLE_PIXELS: u32 = 21;
const TEXT_PIXELS: u32 = 15;
const FONT: &str = "sans-serif";
/// Told apart also by those who do not see all colours (after Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 90, 170),
    RGBColor(213, 94, 0),
    RGBColor(0, 130, 95),
    RGBColor(180, 80, 140),
    RGBColor(150, 110, 0),
    RGBColor(60, 150, 210),
    RGBColor(110, 110, 110),
    RGBColor(0, 0, 0),
];

/// What one plot shows of a cell.
struct Measure {
    file: &'static str,
    title: &'static str,
    unit: &'static str,
    /// Where the lines leave room.
    legend: SeriesLabelPosition,
    of: fn(&Cell<'_>) -> f64,
}

const GROWTH: [Measure; 2] = [
    Measure {
        file: "growth-cpu.svg",
        title: "CPU of the server by listeners, three frames a write",
        unit: "µs a listener-second",
        legend: SeriesLabelPosition::UpperRight,
        of: |cell| cell.cpu().mean,
    },
    Measure {
        file: "growth-delay.svg",
        title: "Delay at p99 by listeners, three frames a write",
        unit: "ms",
        legend: SeriesLabelPosition::UpperLeft,
        of: |cell| cell.delays().ms(0.99),
    },
];

const CLASSES: [Measure; 2] = [
    Measure {
        file: "classes-cpu.svg",
        title: "CPU by frames a write, µs a listener-second",
        unit: "µs",
        legend: SeriesLabelPosition::UpperRight,
        of: |cell| cell.cpu().mean,
    },
    Measure {
        file: "classes-delay.svg",
        title: "Delay at p99 by frames a write, ms",
        unit: "ms",
        legend: SeriesLabelPosition::UpperLeft,
        of: |cell| cell.delays().ms(0.99),
    },
];

/// Draws what the run has figures for; gives the files' names with their titles.
///
/// # Errors
/// A file cannot be written.
pub(super) fn draw(
    figures: &Figures<'_>,
    directory: &Path,
) -> anyhow::Result<Vec<(String, String)>> {
    make(directory)?;
    let mut drawn = Vec::new();
    if figures
        .scenario("growth")
        .is_some_and(|s| !s.cells.is_empty())
    {
        for measure in &GROWTH {
            lines(figures, measure, &directory.join(measure.file))?;
            drawn.push((measure.file.to_owned(), measure.title.to_owned()));
        }
    }
    if figures
        .scenario("classes")
        .is_some_and(|s| !s.cells.is_empty())
    {
        for measure in &CLASSES {
            bars(figures, measure, &directory.join(measure.file))?;
            drawn.push((measure.file.to_owned(), measure.title.to_owned()));
        }
    }
    Ok(drawn)
}

/// A line for each server over its listeners.
fn lines(figures: &Figures<'_>, measure: &Measure, file: &Path) -> anyhow::Result<()> {
    let scenario = figures
        .scenario("growth")
        .ok_or_else(|| anyhow!("no growth"))?;
    let cells = &scenario.cells;
    let most = cells.iter().map(Cell::listeners).max().unwrap_or(1) as f64;
    let highest = cells.iter().map(measure.of).fold(1.0, f64::max);
    let root = SVGBackend::new(file, (WIDTH, HEIGHT)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(measure.title, (FONT, TITLE_PIXELS))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..most * 1.03, 0.0..highest * 1.3)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("listeners")
        .y_desc(measure.unit)
        .x_labels(6)
        .y_labels(6)
        .light_line_style(WHITE)
        .label_style((FONT, TEXT_PIXELS))
        .axis_desc_style((FONT, TEXT_PIXELS))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()
        .map_err(failed)?;
    for (n, server) in figures.servers.iter().enumerate() {
        let points: Vec<_> = scenario
            .of(&server.name)
            .map(|cell| (cell.listeners() as f64, (measure.of)(cell)))
            .collect();
        if points.is_empty() {
            continue;
        }
        let colour = COLOURS[n % COLOURS.len()];
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(3)))
            .map_err(failed)?
            .label(server.title.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(3)));
        let dots = points.iter().map(|p| Circle::new(*p, 4, colour.filled()));
        chart.draw_series(dots).map_err(failed)?;
    }
    chart
        .configure_series_labels()
        .position(measure.legend.clone())
        .background_style(WHITE)
        .label_font((FONT, TEXT_PIXELS))
        .draw()
        .map_err(failed)?;
    root.present().map_err(failed)
}

/// A bar for each server and class.
fn bars(figures: &Figures<'_>, measure: &Measure, file: &Path) -> anyhow::Result<()> {
    const ROW: i32 = 22;
    const TOP: i32 = 44;
    const GAP: i32 = 8;
    const LEFT: i32 = 12;
    const BARS: i32 = 250;
    const ROOM_FOR_VALUE: i32 = 70;
    let scenario = figures
        .scenario("classes")
        .ok_or_else(|| anyhow!("no classes"))?;
    let highest = scenario.cells.iter().map(measure.of).fold(1.0, f64::max);
    let servers: Vec<_> = figures
        .servers
        .iter()
        .enumerate()
        .map(|(n, server)| (n, server, scenario.of(&server.name).collect::<Vec<_>>()))
        .filter(|(_, _, cells)| !cells.is_empty())
        .collect();
    let rows: i32 = servers
        .iter()
        .map(|(_, _, cells)| cells.len() as i32 * ROW + GAP)
        .sum();
    let root = SVGBackend::new(file, (WIDTH, (TOP + rows + GAP) as u32)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    text(&root, measure.title, (LEFT, 12), TITLE_PIXELS)?;
    let mut y = TOP;
    for (n, server, cells) in servers {
        let colour = COLOURS[n % COLOURS.len()];
        // What stands in brackets is told in the table.
        let name = server.title.split(" (").next().unwrap_or_default();
        text(&root, name, (LEFT, y + 2), TEXT_PIXELS)?;
        for cell in cells {
            let value = (measure.of)(cell);
            let room = f64::from(WIDTH as i32 - BARS - ROOM_FOR_VALUE);
            let end = BARS + (room * value / highest) as i32;
            let bar = Rectangle::new(
                [(BARS, y + 2), (end.max(BARS + 1), y + ROW - 3)],
                colour.filled(),
            );
            root.draw(&bar).map_err(failed)?;
            let class = format!("{}", cell.at.frames);
            text(&root, &class, (BARS - 18, y + 2), TEXT_PIXELS)?;
            let value = format!("{value:.0} {}", measure.unit);
            text(&root, &value, (end + 6, y + 2), TEXT_PIXELS)?;
            y += ROW;
        }
        y += GAP;
    }
    root.present().map_err(failed)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn text(root: &Area<'_>, words: &str, at: (i32, i32), pixels: u32) -> anyhow::Result<()> {
    let style = (FONT, pixels).into_font().color(&BLACK);
    root.draw(&Text::new(words.to_owned(), at, style))
        .map_err(failed)
}

fn failed(error: impl Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}
