// SPDX-License-Identifier: Apache-2.0
// client: Rust reqwest
// kind: library
// debian: librust-reqwest-dev librust-tokio-dev
// build: reqwest tokio
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), reqwest::Error> {
    let args: Vec<String> = std::env::args().collect();
    let size: usize = args[3].parse().unwrap();
    let client = reqwest::Client::new();
    for _ in 0..args[2].parse().unwrap() {
        let mut reply = client.get(&args[1]).send().await?;
        let mut got = 0;
        while let Some(part) = reply.chunk().await? {
            got += part.len();
            if size > 0 && got >= size {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
        }
    }
    tokio::time::sleep(Duration::from_secs(3600)).await;
    Ok(())
}
