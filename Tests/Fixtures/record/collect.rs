// A result is awaited, under a lock that another thread wants, of a worker that looks five times a second whether there is one: it may come.
use std::sync::{mpsc, Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

#[inline(never)]
fn collect(results: &mpsc::Receiver<u32>) -> u32 { results.recv().unwrap() + results.recv().unwrap() }

fn main() {
    let (give, take) = mpsc::channel();
    let (begun, looks) = (Instant::now(), env::args().count() as u32);
    thread::spawn(move || loop {
        thread::sleep(Duration::from_millis(200));
        if begun.elapsed() > Duration::from_secs(600) { give.send(looks).unwrap() }
    });
    let sum = Arc::new(Mutex::new(0));
    let other = sum.clone();
    let mut sum = sum.lock().unwrap();
    thread::spawn(move || *other.lock().unwrap() += 1);
    thread::spawn(|| {
        thread::sleep(Duration::from_millis(500));
        println!("ready");
    });
    *sum += collect(&take);
}
