//! A Redis server on loopback for a test, in a folder of its own, that keeps what it confirmed.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A `redis-server` process of the test, stopped with it. It confirms nothing that a crash could lose.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
    folder: PathBuf,
    more: Vec<String>,
}

impl RedisServer {
    /// `None`, with a plain word on stderr, where there is no Redis.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// With more arguments.
    pub async fn start_with(more: &[&str]) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("feishu-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let more: Vec<_> = more.iter().map(ToString::to_string).collect();
        match spawn(port, &folder, &more) {
            Ok(process) => {
                let server = Self { process, port, folder, more };
                server.ready().await;
                Some(server)
            }
            Err(error) => {
                eprintln!("LEFT OUT: a test against Redis, because redis-server cannot be started: {error}");
                None
            }
        }
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Kills the server and starts it again.
    pub async fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(self.port, &self.folder, &self.more).unwrap();
        self.ready().await;
    }

    /// Sends one command, and returns whether the answer begins as expected.
    pub fn ask(&self, command: &str, expected: &str) -> bool {
        use std::io::{Read as _, Write as _};
        let answer = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            write!(stream, "{command}\r\n")?;
            let mut answer = vec![0; expected.len()];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        });
        answer.is_ok_and(|answer| answer == expected.as_bytes())
    }

    /// The port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn ready(&self) {
        for _ in 0..1000 {
            if self.ask("PING", "+PONG") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server did not come up on port {}", self.port);
    }
}

fn spawn(port: u16, folder: &Path, more: &[String]) -> std::io::Result<Child> {
    let keeps = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    // A sentinel's first argument is its file, and it keeps nothing.
    let is_sentinel = more.iter().any(|word| word == "--sentinel");
    Command::new("redis-server")
        .args(more)
        .args(["--bind", "127.0.0.1"])
        .args(if is_sentinel { &[][..] } else { &keeps })
        .arg("--dir")
        .arg(folder)
        .arg("--port")
        .arg(port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
