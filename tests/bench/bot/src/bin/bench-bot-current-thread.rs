//! The same bot on the current-thread runtime.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    feishu_bench_bot::run().await
}
