// Pages are fetched under the lock of what keeps them; the answer for one of them stops in its middle.
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{thread, time::Duration};

type Pages = Mutex<HashMap<u8, Vec<u8>>>;

fn fetch(server: SocketAddr, number: u8) -> Vec<u8> {
    let mut connection = TcpStream::connect(server).unwrap();
    connection.write_all(&[number]).unwrap();
    let mut page = vec![0; 900];
    connection.read_exact(&mut page).unwrap();
    page
}

#[inline(never)]
fn page(pages: &Pages, server: SocketAddr, number: u8) -> usize {
    let mut pages = pages.lock().unwrap();
    pages.entry(number).or_insert_with(|| fetch(server, number)).len()
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut number) = (client.unwrap(), [0]);
            client.read_exact(&mut number).unwrap();
            client.write_all(&[7; 900][..if number[0] == 2 { 200 } else { 900 }]).unwrap();
            let _ = client.read(&mut number);
        }
    });
    let pages = Arc::new(Pages::default());
    for reader in 0..3 {
        let pages = pages.clone();
        thread::spawn(move || (0..9).map(|round| {
            thread::sleep(Duration::from_millis(50));
            page(&pages, server, (round + reader) % 4)
        }).sum::<usize>());
    }
    thread::sleep(Duration::from_secs(1));
    println!("ready");
    loop { thread::park() }
}
