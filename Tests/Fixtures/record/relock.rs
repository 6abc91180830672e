// A hook that is called under a mutex takes it again; another thread wants it as well. Such a mutex does not say who holds it,
// and the main thread, which waits for both, refers to it.
use std::sync::{Arc, Mutex};
use std::{thread, time::Duration};

type Hook = Box<dyn Fn(&Hooks) + Send>;

#[derive(Clone)]
struct Hooks(Arc<Mutex<Vec<Hook>>>);

impl Hooks {
    fn add(&self, hook: Hook) {
        self.0.lock().unwrap().push(hook);
    }

    fn fire(&self) {
        for hook in self.0.lock().unwrap().iter() {
            hook(self);
        }
    }
}

fn main() {
    let hooks = Hooks(Arc::new(Mutex::new(Vec::new())));
    hooks.add(Box::new(|hooks| hooks.add(Box::new(|_| {}))));
    let (events, metrics) = (hooks.clone(), hooks.clone());
    let firing = thread::spawn(move || events.fire());
    thread::sleep(Duration::from_millis(200));
    let counting = thread::spawn(move || println!("{}", metrics.0.lock().unwrap().len()));
    println!("ready");
    firing.join().unwrap();
    counting.join().unwrap();
    hooks.fire();
}
