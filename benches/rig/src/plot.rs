//! A plot as SVG: x is logarithmic, y begins at 0.

use anyhow::{anyhow, Result};
use plotters::prelude::*;

/// A plot: a title, two axes, and lines.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) lines: Vec<Line>,
}

/// One curve.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Dashed, for what the others are compared with.
    pub(crate) faint: bool,
    /// Both over 0.
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (800, 520);
/// From Okabe and Ito's palette, which colour-blind people can tell apart.
const COLOURS: [RGBColor; 3] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
];
const FONT: (&str, u32) = ("sans-serif", 14);

impl Plot {
    /// The plot as an SVG document.
    pub(crate) fn svg(&self) -> Result<String> {
        let mut text = String::new();
        self.draw(&mut text)
            .map_err(|error| anyhow!("cannot draw \"{}\": {error}", self.title))?;
        Ok(text)
    }

    fn draw(&self, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x_end = points().map(|(x, _)| *x).fold(10.0, f64::max);
        let y_end = points().map(|(_, y)| *y).fold(1.0, f64::max) * 1.1;

        let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, ("sans-serif", 18))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d((1.0..x_end).log_scale(), 0.0..y_end)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .label_style(FONT)
            .x_desc(&self.x)
            .y_desc(&self.y)
            .draw()?;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            let points = line.points.iter().copied();
            let drawn = if line.faint {
                chart.draw_series(DashedLineSeries::new(points, 3, 4, style))?
            } else {
                chart.draw_series(LineSeries::new(points, style).point_size(3))?
            };
            // A dashed line of the legend is thin: an element has no dashes.
            let width = if line.faint { 1 } else { 3 };
            let style = colour.stroke_width(width);
            drawn
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
        chart
            .configure_series_labels()
            .label_font(FONT)
            .background_style(WHITE)
            .draw()?;
        area.present()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_and_named() {
        let line = |name: &str, faint| Line {
            name: name.to_owned(),
            faint,
            points: vec![(1.0, 90.0), (10.0, 45.0), (100.0, 50.0)],
        };
        let plot = Plot {
            title: "CPU".to_owned(),
            x: "calls".to_owned(),
            y: "µs".to_owned(),
            lines: vec![line("module", false), line("floor-2", true)],
        };
        let svg = plot.svg().unwrap();
        for text in ["CPU", "calls", "µs", "module", "floor-2"] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}: {svg}");
        }
        let blue = svg.matches("#0072B2").count();
        // The line, its three points, and the legend.
        assert_eq!(blue, 5, "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
