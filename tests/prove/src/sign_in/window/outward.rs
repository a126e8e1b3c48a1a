//! A listener on this computer that counts who comes: a page that reaches nobody brings nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

pub struct Listener {
    port: u16,
    came: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Listener {
    pub async fn start() -> Result<Listener> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let came = Arc::new(AtomicUsize::new(0));
        let counted = came.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\naccess-control-allow-origin: *\r\n\
                    content-length: 6\r\nconnection: close\r\n\r\n<p>hi\n";
                let _ = stream.write_all(answer).await;
            }
        });
        let mut listener = Listener { port, came, accepting };
        listener.counts().await?;
        Ok(listener)
    }

    /// That it counts at all.
    async fn counts(&mut self) -> Result<()> {
        drop(tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await?);
        rushes_rig::until("the listener counts", std::time::Duration::from_secs(5), async || {
            Ok((self.connections() == 1).then_some(()))
        })
        .await?;
        self.came.store(0, Ordering::SeqCst);
        Ok(())
    }

    pub fn connections(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    /// An address at it.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
