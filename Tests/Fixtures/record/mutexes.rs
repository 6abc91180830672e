// Two threads lock two mutexes of Rust's standard library in opposite order: such a mutex does not say who holds it.
use std::sync::{Arc, Mutex};
use std::{thread, time::Duration};

fn lock_both(first: Arc<Mutex<i32>>, second: Arc<Mutex<i32>>) {
    let one = first.lock().unwrap();
    thread::sleep(Duration::from_millis(200));
    let two = second.lock().unwrap();
    drop((one, two));
}

fn main() {
    let one = Arc::new(Mutex::new(0));
    let two = Arc::new(Mutex::new(0));
    let (first, second) = (one.clone(), two.clone());
    let threads = [thread::spawn(move || lock_both(first, second)), thread::spawn(move || lock_both(two, one))];
    println!("ready");
    for thread in threads {
        thread.join().unwrap();
    }
}
