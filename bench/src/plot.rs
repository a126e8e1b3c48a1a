//! The picture beside the table: a bar for each tool and direction, a dot for each run, a line for what the link carries.
//! May not live here: figures of its own.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::Row;
use crate::sample::median;
use crate::tools::Direction;

const WIDTH: u32 = 900;
const BAR: u32 = 34;
const AROUND: u32 = 120;
const UP: RGBColor = RGBColor(38, 99, 168);
const DOWN: RGBColor = RGBColor(216, 130, 42);
const LIMIT: RGBColor = RGBColor(180, 30, 40);

pub fn draw(path: &Path, link: &str, rows: &[Row<'_>]) -> Result<()> {
    let height = AROUND + BAR * u32::try_from(rows.len().max(1))?;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    // Its errors borrow what it draws on.
    chart(&area, link, rows).and_then(|()| area.present().map_err(|error| anyhow!("{error}")))
}

fn chart(area: &DrawingArea<SVGBackend<'_>, Shift>, link: &str, rows: &[Row<'_>]) -> Result<()> {
    let failed = |error: DrawingAreaErrorKind<_>| -> anyhow::Error {
        let error: DrawingAreaErrorKind<std::io::Error> = error;
        anyhow!("{error}")
    };
    area.fill(&WHITE).map_err(failed)?;
    let has_rate = rows.iter().flat_map(|row| &row.runs).any(|run| run.share.is_some());
    let most = rows.iter().flat_map(Row::goodput).fold(0.0, f64::max);
    let (end, what) = if has_rate { (most.max(1.05), "share of the link's rate") } else { (most * 1.1, "Mb/s") };
    let count = rows.len().max(1) as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(format!("Goodput, {link}"), ("sans-serif", 20))
        .margin(12)
        .set_label_area_size(LabelAreaPosition::Left, 190)
        .set_label_area_size(LabelAreaPosition::Bottom, 44)
        .build_cartesian_2d(0.0..end.max(0.01), count..0.0)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc(what)
        .x_label_formatter(&|value| if has_rate { format!("{:.0} %", value * 100.0) } else { format!("{value:.0}") })
        .draw()
        .map_err(failed)?;
    for (index, row) in rows.iter().enumerate() {
        let (top, values) = (index as f64, row.goodput());
        let color = if row.direction == Direction::Up { UP } else { DOWN };
        let middle = median(&values).unwrap_or(0.0);
        let bar = Rectangle::new([(0.0, top + 0.15), (middle, top + 0.85)], color.mix(0.8).filled());
        chart.draw_series([bar]).map_err(failed)?;
        let dots = values.iter().map(|value| Circle::new((*value, top + 0.5), 3, BLACK.filled()));
        chart.draw_series(dots).map_err(failed)?;
        let (_, y) = chart.backend_coord(&(0.0, top + 0.5));
        let label = format!("{}, {} × {}", row.tool, row.files, row.direction);
        area.draw_text(&label, &("sans-serif", 14).into_text_style(area), (14, y - 7)).map_err(failed)?;
    }
    if has_rate {
        let limit = PathElement::new([(1.0, 0.0), (1.0, count)], LIMIT.stroke_width(2));
        chart.draw_series([limit]).map_err(failed)?;
    }
    Ok(())
}
