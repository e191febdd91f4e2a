// SPDX-License-Identifier: Apache-2.0
// client: Rust hyper
// kind: library
// debian: librust-hyper-dev librust-hyper-rustls-dev librust-tokio-dev
// build: hyper hyper-rustls tokio
use hyper::body::HttpBody;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), hyper::Error> {
    let args: Vec<String> = std::env::args().collect();
    let size: usize = args[3].parse().unwrap();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_native_roots()
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .build();
    let client = hyper::Client::builder().build::<_, hyper::Body>(connector);
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
