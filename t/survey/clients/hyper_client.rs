// SPDX-License-Identifier: Apache-2.0
// client: Rust hyper
// kind: library
// debian: librust-hyper-dev librust-tokio-dev
// build: hyper tokio
// note: without TLS, which other crates add
use hyper::body::HttpBody;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), hyper::Error> {
    let args: Vec<String> = std::env::args().collect();
    let size: usize = args[3].parse().unwrap();
    if args[1].starts_with("https:") {
        println!("hyper itself speaks no TLS");
        std::process::exit(77);
    }
    let client = hyper::Client::new();
    for _ in 0..args[2].parse().unwrap() {
        let mut reply = client.get(args[1].parse().unwrap()).await?;
        let mut got = 0;
        while let Some(part) = reply.data().await {
            got += part?.len();
            if size > 0 && got >= size {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
        }
    }
    tokio::time::sleep(Duration::from_secs(3600)).await;
    Ok(())
}
