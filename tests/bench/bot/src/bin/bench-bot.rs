//! The bot as the README shows it, on glibc's allocator and the multi-thread runtime.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    feishu_bench_bot::run().await
}
