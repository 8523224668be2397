//! Runs every client under every load, in turns, and prints the ratios.

use anyhow::Result;

use crate::load::{LOADS, Outcome, measure};

const CLIENTS: &[&str] = &["echo", "echo-batched", "echo-prost", "transport", "bot"];

pub(crate) fn run(rounds: usize, only: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for load in LOADS.iter().filter(|load| load.name.contains(only)) {
        println!("\n{}", load.name);
        println!(
            "{:<14} {:>12} {:>10} {:>14} {:>10} {:>12}",
            "client", "answers/s", "of echo", "CPU/answer", "of prost", "median"
        );
        let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); CLIENTS.len()];
        for _ in 0..rounds {
            for (client, outcomes) in CLIENTS.iter().zip(&mut outcomes) {
                outcomes.push(runtime.block_on(measure(client, *load))?);
            }
        }
        let share = |of: usize, base: usize, figure: fn(&Outcome) -> f64| {
            let ratios =
                outcomes[of].iter().zip(&outcomes[base]).map(|(a, b)| figure(a) / figure(b)).collect();
            median(ratios)
        };
        for (index, client) in CLIENTS.iter().enumerate() {
            let figure = |figure: fn(&Outcome) -> f64| median(outcomes[index].iter().map(figure).collect());
            println!(
                "{client:<14} {:>12.0} {:>9.0}% {:>11.2} µs {:>9.2}x {:>9.0} µs",
                figure(|o| o.per_second),
                share(index, 0, |o| o.per_second) * 100.0,
                figure(|o| o.cpu_per_answer.as_secs_f64()) * 1e6,
                share(index, 2, |o| o.cpu_per_answer.as_secs_f64()),
                figure(|o| o.median.as_secs_f64()) * 1e6,
            );
        }
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
