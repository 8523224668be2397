//! The same bot on the current-thread runtime with its allocations counted: prints their number and bytes at the end.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut result = Ok(());
    let info = allocation_counter::measure(|| result = runtime.block_on(feishu_bench_bot::run()));
    println!("{} {}", info.count_total, info.bytes_total);
    result
}
