//! Draws the results: ratios, rates and latencies, as SVG.

use crate::load::{Measured, QUANTILES};
use crate::report::{compared, short};
use crate::results::{Found, Results, Spread};
use anyhow::Context;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// The typeface; without it nothing is drawn.
const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
const WIDTH: u32 = 1100;
const ROW_HEIGHT: u32 = 26;
const MARGIN_HEIGHT: u32 = 110;
const LABELS_WIDTH: u32 = 520;
const LINES_HEIGHT: u32 = 460;

const OURS: RGBColor = RGBColor(0x1f, 0x6f, 0xb4);
const THEIRS: RGBColor = RGBColor(0x9a, 0xa5, 0xb1);
const MARK: RGBColor = RGBColor(0xd0, 0x3b, 0x2f);
const INK: RGBColor = RGBColor(0x22, 0x2b, 0x36);
const LINES: [RGBColor; 6] = [
    OURS,
    RGBColor(0x44, 0xa1, 0x59),
    RGBColor(0xd9, 0x82, 0x1c),
    RGBColor(0x7b, 0x52, 0xab),
    RGBColor(0xc9, 0x3f, 0x77),
    RGBColor(0x55, 0x60, 0x6e),
];

/// One bar.
struct Bar {
    label: String,
    spread: Spread,
    /// The required value.
    mark: Option<f64>,
    color: RGBColor,
}

/// The range of the axis, in decimal logarithms.
fn range(bars: &[Bar]) -> (f64, f64) {
    let ends = bars.iter().flat_map(|bar| [Some(bar.spread.max), bar.mark]);
    let most = ends.flatten().fold(f64::MIN_POSITIVE, f64::max);
    let least = bars.iter().map(|bar| place(bar.spread.min));
    let least = least.fold(place(most), f64::min);
    (least.floor(), place(most) + 0.1)
}

/// The position of a number on the logarithmic axis.
fn place(number: f64) -> f64 {
    number.max(1e-9).log10()
}

/// Draws all plots into a folder.
pub fn draw(results: &Results, folder: &Path) -> anyhow::Result<()> {
    let font = std::fs::read(FONT).with_context(|| format!("no plots without {FONT}"))?;
    // The typeface must live as long as the process.
    let font: &'static [u8] = Box::leak(font.into_boxed_slice());
    let registered = plotters::style::register_font("sans-serif", FontStyle::Normal, font);
    anyhow::ensure!(registered.is_ok(), "{FONT} is not a typeface");
    std::fs::create_dir_all(folder)?;
    let ratios = Drawing::Bars {
        title: "Ratios of rates (median, least to greatest), and what is due".to_owned(),
        bars: ratios(&results.cases),
    };
    ratios.write(&folder.join("ratios"))?;
    for found in &results.cases {
        let rates = Drawing::Bars {
            title: format!("{}: requests a second", found.case.title),
            bars: rates(found),
        };
        rates.write(&folder.join(format!("rate-{}", found.case.id)))?;
        // For larger requests the latency is the inverse of the rate.
        if found.case.id.starts_with("put") {
            let path = folder.join(format!("latency-{}", found.case.id));
            Drawing::Latencies(found).write(&path)?;
        }
    }
    Ok(())
}

fn ratios(cases: &[Found]) -> Vec<Bar> {
    let all = cases.iter().flat_map(|found| {
        let comparisons = found.case.comparisons.iter();
        comparisons.filter_map(move |comparison| {
            // A ratio in the hundreds would dwarf the others.
            let spread = found
                .ratio(comparison)
                .filter(|ratio| ratio.median < 20.0)?;
            let met = comparison.due.is_none_or(|due| spread.median >= due);
            Some(Bar {
                label: format!("{}: {}", found.case.id, compared(found, comparison)),
                spread,
                mark: comparison.due,
                color: if met { OURS } else { THEIRS },
            })
        })
    });
    all.collect()
}

fn rates(found: &Found) -> Vec<Bar> {
    let all = found.case.contestants.iter().enumerate();
    let all = all.filter_map(|(index, contestant)| {
        let name = contestant.name();
        Some(Bar {
            spread: found.spread(index, |measured| Some(measured.rate()))?,
            mark: None,
            color: if name.starts_with("millstream") {
                OURS
            } else {
                THEIRS
            },
            label: name,
        })
    });
    all.collect()
}

/// A picture.
enum Drawing<'a> {
    /// Horizontal bars with whiskers.
    Bars { title: String, bars: Vec<Bar> },
    /// A line for each contestant that is not slower by an order of magnitude.
    Latencies(&'a Found),
}

impl Drawing<'_> {
    /// Writes the picture as SVG.
    fn write(&self, path: &Path) -> anyhow::Result<()> {
        let size = (WIDTH, self.height());
        let path = path.with_extension("svg");
        self.draw(&SVGBackend::new(&path, size).into_drawing_area())
    }

    fn height(&self) -> u32 {
        match self {
            Self::Bars { bars, .. } => MARGIN_HEIGHT + ROW_HEIGHT * bars.len() as u32,
            Self::Latencies(_) => LINES_HEIGHT,
        }
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> anyhow::Result<()>
    where
        B::ErrorType: 'static,
    {
        area.fill(&WHITE)?;
        match self {
            Self::Bars { title, bars } => draw_bars(area, title, bars)?,
            Self::Latencies(found) => draw_latencies(area, found)?,
        }
        area.present()?;
        Ok(())
    }
}

fn draw_bars<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    title: &str,
    bars: &[Bar],
) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let (least, most) = range(bars);
    let (labels, plot) = area
        .margin(8, 0, 0, 0)
        .titled(title, ("sans-serif", 20).into_font().color(&INK))?
        .split_horizontally(LABELS_WIDTH);
    let rows = bars.len() as f64;
    let mut chart = ChartBuilder::on(&plot);
    let chart = chart.margin(8).margin_right(24).x_label_area_size(32);
    let mut chart = chart.build_cartesian_2d(least..most, rows..0.0)?;
    let mut mesh = chart.configure_mesh();
    let label = |place: &f64| short(10_f64.powf(*place));
    let mesh = mesh
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(7)
        .x_label_formatter(&label);
    mesh.label_style(("sans-serif", 14, &INK)).draw()?;
    for (row, bar) in bars.iter().enumerate() {
        let row = row as f64;
        let Spread { min, median, max } = bar.spread;
        let [min, median, max] = [min, median, max].map(place);
        let filled = Rectangle::new(
            [(least, row + 0.2), (median, row + 0.8)],
            bar.color.filled(),
        );
        let whisker = PathElement::new([(min, row + 0.5), (max, row + 0.5)], INK.stroke_width(2));
        chart.draw_series([filled])?;
        chart.draw_series([whisker])?;
        if let Some(mark) = bar.mark.map(place) {
            let ends = [(mark, row + 0.08), (mark, row + 0.92)];
            chart.draw_series([PathElement::new(ends, MARK.stroke_width(3))])?;
        }
        let (_, y) = chart.backend_coord(&(least, row + 0.5));
        let (_, top) = labels.get_pixel_range();
        let text = format!("{}   {}", bar.label, short(bar.spread.median));
        let style = ("sans-serif", 14, &INK).into_text_style(&labels);
        let style = style.pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Right,
            plotters::style::text_anchor::VPos::Center,
        ));
        labels.draw_text(&text, &style, (LABELS_WIDTH as i32 - 8, y - top.start))?;
    }
    Ok(())
}

/// The latencies of a contestant at [`QUANTILES`], each the median of its rounds, in milliseconds.
fn latencies(found: &Found, contestant: usize) -> Vec<(f64, f64)> {
    let quantiles = QUANTILES.iter().enumerate();
    let points = quantiles.filter_map(|(place, quantile)| {
        let of = |measured: &Measured| Some(measured.latency_millis(*quantile));
        let spread = found.spread(contestant, of)?;
        Some((place as f64, spread.median))
    });
    points.collect()
}

fn draw_latencies<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    found: &Found,
) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let contestants = found.case.contestants.iter().enumerate();
    let lines = contestants.filter(|(_, contestant)| !contestant.kind().is_yardstick());
    let lines = lines.map(|(index, contestant)| (contestant.name(), latencies(found, index)));
    let lines: Vec<_> = lines.filter(|(_, points)| !points.is_empty()).collect();
    let all = lines
        .iter()
        .flat_map(|(_, points)| points.iter().map(|(_, millis)| *millis));
    let Some(Spread { min, max, .. }) = Spread::of(all) else {
        return Ok(());
    };
    let title = format!("{}: latency in ms by quantile", found.case.title);
    let last = (QUANTILES.len() - 1) as f64;
    let mut chart = ChartBuilder::on(area);
    let chart = chart
        .caption(title, ("sans-serif", 20).into_font().color(&INK))
        .margin(12)
        .margin_right(40);
    let chart = chart.x_label_area_size(36).y_label_area_size(64);
    let range = (min.max(1e-3) * 0.8..max * 1.3).log_scale();
    let mut chart = chart.build_cartesian_2d(0.0..last, range)?;
    let quantile = |place: &f64| {
        let quantile = QUANTILES.get(place.round() as usize);
        quantile.map_or_else(String::new, |quantile| format!("{} %", quantile * 100.0))
    };
    let mut mesh = chart.configure_mesh();
    let mesh = mesh.x_labels(QUANTILES.len()).x_label_formatter(&quantile);
    let mesh = mesh
        .y_label_formatter(&|millis| short(*millis))
        .light_line_style(WHITE);
    mesh.label_style(("sans-serif", 14, &INK)).draw()?;
    for ((name, points), color) in lines.into_iter().zip(LINES.iter().cycle()) {
        let series = chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
        series
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(3)));
    }
    let mut legend = chart.configure_series_labels();
    let legend = legend
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(THEIRS);
    let legend = legend
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 14, &INK));
    legend.draw()?;
    Ok(())
}
