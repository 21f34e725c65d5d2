//! Values as a small chart of characters, with a label below each.

/// A column of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) value: u64,
    /// Written downwards.
    pub(super) label: String,
}

/// Lines of a chart.
const ROWS: usize = 4;
/// The head of a column, from low to high within its line.
const HEADS: [u8; 3] = *b"_o#";
/// What is below the head.
const STEM: u8 = b'|';

/// The chart in pieces of at most `columns` columns, an empty line between them. Every line ends in a line feed.
///
/// Each value takes one of twelve heights between the lowest value and the highest of all; the form is that of Redis's
/// LATENCY GRAPH.
pub(super) fn sparkline(points: &[Point], columns: usize) -> String {
    let low = points.iter().map(|point| point.value).min().unwrap_or(0);
    let high = points.iter().map(|point| point.value).max().unwrap_or(0);
    let mut out = String::new();
    for (number, piece) in points.chunks(columns).enumerate() {
        if number > 0 {
            out.push('\n');
        }
        for row in (0..ROWS).rev() {
            line(&mut out, piece, |point| cell(height(point.value, low, high), row));
        }
        line(&mut out, piece, |_| b' ');
        let longest = piece.iter().map(|point| point.label.len()).max().unwrap_or(0);
        for at in 0..longest {
            line(&mut out, piece, |point| point.label.as_bytes().get(at).copied().unwrap_or(b' '));
        }
    }
    out
}

fn line(out: &mut String, piece: &[Point], cell: impl Fn(&Point) -> u8) {
    out.extend(piece.iter().map(|point| char::from(cell(point))));
    out.push('\n');
}

/// The height of a column, from 0 to 11.
fn height(value: u64, low: u64, high: u64) -> usize {
    let steps = ROWS * HEADS.len();
    if high == low {
        return 0;
    }
    let share = (value - low) as f64 / (high - low) as f64;
    ((share * steps as f64) as usize).min(steps - 1)
}

/// What a column of this height shows in a row, the lowest being row 0.
fn cell(height: usize, row: usize) -> u8 {
    match height.checked_sub(row * HEADS.len()) {
        None => b' ',
        Some(above) => HEADS.get(above).copied().unwrap_or(STEM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(u64, &str)]) -> Vec<Point> {
        values.iter().map(|&(value, label)| Point { value, label: label.into() }).collect()
    }

    #[test]
    fn the_chart_is_that_of_redis() {
        // Drawn by redis-server 7.0.15.
        let values = [(5, "11s"), (30, "9s"), (12, "8s"), (3, "7s"), (60, "6s"), (9, "4s"), (2, "3s"), (25, "2s")];
        let drawn =
            ["    #   ", "    |   ", " #  |  o", "_|#_|o_|", "        ", "19876432", "1sssssss", "s       ", ""];
        assert_eq!(sparkline(&points(&values), 80), drawn.join("\n"));
        assert_eq!(sparkline(&points(&[(4, "0s")]), 80), " \n \n \n_\n \n0\ns\n");
    }

    #[test]
    fn long_charts_come_in_pieces_of_one_scale() {
        let chart = sparkline(&points(&[(0, "a"), (12, "b"), (6, "c")]), 2);
        assert_eq!(chart, " #\n |\n |\n_|\n  \nab\n\n \n_\n|\n|\n \nc\n");
    }
}
