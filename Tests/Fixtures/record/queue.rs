// Workers take clients out of a queue under its lock; one of them serves a client that says nothing for now. All is well.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

fn serve(mut client: TcpStream) {
    let mut bytes = [0; 64];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        client.write_all(&bytes[..count]).unwrap();
    }
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (give, take) = mpsc::channel();
    let take = Arc::new(Mutex::new(take));
    for _ in 0..4 {
        let take = take.clone();
        thread::spawn(move || loop {
            let client = match take.lock().unwrap().recv() {
                Ok(client) => client,
                Err(_) => return,
            };
            serve(client);
        });
    }
    thread::spawn(move || {
        let mut server = TcpStream::connect(address).unwrap();
        let mut echo = [0; 5];
        server.write_all(b"hello").unwrap();
        server.read_exact(&mut echo).unwrap();
        println!("ready");
        let _ = server.read(&mut echo);
    });
    for client in listener.incoming() {
        give.send(client.unwrap()).unwrap();
    }
}
