//! The program `feishu-gateway`: its options, commands and exit codes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_feishu-gateway"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line_with(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "no line with {part}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{line}").unwrap();
    }

    fn end(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), rest + &errors)
    }
}

#[test]
fn it_prints_its_address_answers_there_and_obeys() {
    let mut program = Program::start(&["--port", "0", "--app-id", "cli_mine", "--app-secret", "mine"]);
    let address = program.line_with("listening on").replace("listening on http://", "");
    assert_eq!(program.line_with("app id").trim(), "app id     cli_mine");
    assert!(program.line_with("app secret").ends_with(" mine"));

    program.type_line("refuse 1000040343 1");
    program.line_with("done");
    let mut stream = TcpStream::connect(&address).unwrap();
    let body = r#"{"AppID":"cli_mine","AppSecret":"mine"}"#;
    let head = "POST /callback/ws/endpoint HTTP/1.1\r\nHost: x\r\nlocale: zh\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("1000040343"), "{answer}");
    assert!(program.line_with("endpoint call").ends_with("cli_mine: refused with code 1000040343"));

    program.type_line("click approve");
    let line = program.line_with("no client of cli_mine is connected");
    assert!(line.contains("the user sees: error 200341"), "{line}");
    program.type_line("nonsense");
    program.line_with("unknown command \"nonsense\"");
    program.type_line("findings");
    program.line_with("0 findings");
    program.type_line("quit");
    assert_eq!(program.end().0, Some(0));
}

#[test]
fn help_goes_to_standard_output_and_mistakes_end_with_code_2() {
    let (code, text) = Program::start(&["--help"]).end();
    assert_eq!(code, Some(0));
    assert!(text.contains("Usage: feishu-gateway"), "{text}");
    let (code, text) = Program::start(&["--prot", "1"]).end();
    assert_eq!(code, Some(2));
    assert_eq!(text, "feishu-gateway: invalid option '--prot'\nTry feishu-gateway --help.\n");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, text) = Program::start(&["--port", &port]).end();
    assert_eq!(code, Some(1));
    assert!(text.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{text}");
}
