//! The result: a row per scenario, a column per SDK, as Markdown.

use std::fmt;

use crate::cell::Cell;

/// Cells by scenario and SDK. Rows keep the order in which they were first seen.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    scenario: &'static str,
    cells: Vec<Option<Cell>>,
}

impl Table {
    /// Starts a new column for the following cells.
    pub(crate) fn column(&mut self, title: String) {
        self.columns.push(title);
    }

    /// Puts a cell into the newest column.
    pub(crate) fn put(&mut self, scenario: &'static str, cell: Cell) {
        let place = self.columns.len().saturating_sub(1);
        let index = self.rows.iter().position(|row| row.scenario == scenario).unwrap_or_else(|| {
            self.rows.push(Row { scenario, cells: Vec::new() });
            self.rows.len() - 1
        });
        if let Some(row) = self.rows.get_mut(index) {
            row.cells.resize(place, None);
            row.cells.push(Some(cell));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines =
            vec![std::iter::once("scenario".to_owned()).chain(self.columns.iter().cloned()).collect()];
        for row in &self.rows {
            let cells = (0..self.columns.len()).map(|index| match row.cells.get(index) {
                Some(Some(cell)) => escape(&cell.to_string()),
                _ => "–".to_owned(),
            });
            lines.push(std::iter::once(row.scenario.to_owned()).chain(cells).collect::<Vec<_>>());
        }
        let widths: Vec<usize> = (0..=self.columns.len())
            .map(|index| {
                lines.iter().filter_map(|line| line.get(index)).map(|cell| cell.chars().count()).max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(f, "| {:-<width$} ", "")?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// A cell must neither end its column nor its line.
fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::cell::Cell;

    #[test]
    fn columns_line_up_and_missing_cells_are_dashes() {
        let mut table = Table::default();
        table.column("Go 3".into());
        table.put("a click", Cell::good("200"));
        table.column("Java 2".into());
        table.put("a click", Cell::bad("no answer"));
        table.put("a preview", Cell::good("a|b"));
        let expected = "\
| scenario  | Go 3  | Java 2      |
| --------- | ----- | ----------- |
| a click   | ✓ 200 | ✗ no answer |
| a preview | –     | ✓ a\\|b      |
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn a_column_without_any_cell_is_all_dashes() {
        let mut table = Table::default();
        table.column("Go 3".into());
        table.put("a click", Cell::neutral("1"));
        table.column("Node 1".into());
        assert!(table.to_string().ends_with("| a click  | 1    | –      |\n"));
    }
}
