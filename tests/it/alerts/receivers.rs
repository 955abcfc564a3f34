//! Receivers on this machine: a web server and a mail server that do as they are told, and keep what they got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a web server does with one connection.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    Status(u16),
    /// It keeps silent for so long, and hangs up.
    Hang(Duration),
}

/// A request that a web server got.
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: serde_json::Value,
}

/// A server with what it got, once it has served everything that it was to serve.
pub(super) struct Server<T> {
    pub(super) port: u16,
    thread: JoinHandle<Vec<T>>,
}

impl<T> Server<T> {
    pub(super) fn got(self) -> Vec<T> {
        self.thread.join().unwrap()
    }
}

/// A web server that takes as many requests as there are answers.
pub(super) fn web(answers: impl Into<Vec<Answer>>) -> Server<Request> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = answers.into();
    let serve = move || answers.iter().map(|answer| serve(&listener.accept().unwrap().0, *answer)).collect();
    Server { port, thread: std::thread::spawn(serve) }
}

fn serve(stream: &TcpStream, answer: Answer) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap() > 2 {}
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).unwrap();
    let mut writer = stream;
    match answer {
        Answer::Status(status) => {
            write!(writer, "HTTP/1.1 {status} Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        }
        Answer::Hang(time) => std::thread::sleep(time),
    }
    Request { head, body: serde_json::from_slice(&body).unwrap() }
}

/// A mail server without TLS that takes one message, after it was busy (421) so many times.
pub(super) fn mail(busy: usize) -> Server<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        for _ in 0..busy {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"421 busy\r\n").unwrap();
        }
        vec![take(&listener.accept().unwrap().0)]
    };
    Server { port, thread: std::thread::spawn(serve) }
}

/// A session of RFC 5321, with everything that the client said.
fn take(stream: &TcpStream) -> String {
    let (mut writer, mut reader) = (stream, BufReader::new(stream));
    let mut said = String::new();
    writer.write_all(b"220 here\r\n").unwrap();
    let mut is_data = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return said;
        }
        said.push_str(&line);
        let answer = match line.trim_end() {
            "." if is_data => {
                is_data = false;
                "250 taken"
            }
            _ if is_data => continue,
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").unwrap();
                return said;
            }
            _ => "250 fine",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
    }
}
