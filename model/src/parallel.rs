//! Work on every core with the answer of one: results come in the order of what they were made from.
//!
//! The only place that starts threads for work. How many there are decides how long it takes and nothing else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// `work` on each item.
pub fn map<T: Send, R: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut out = Vec::new();
    run(items, usize::MAX, work, |result| out.push(result));
    out
}

/// Hands `work` on each item to `take`, on this thread and in order. Only a few items a core are under way at a time,
/// so that memory does not grow with their number.
pub fn stream<T: Send, R: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) -> R + Sync, take: impl FnMut(R)) {
    run(items, 2 * cores(), work, take);
}

/// `a` and `b` side by side.
pub fn both<A: Send, B>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let a = scope.spawn(a);
        let b = b();
        match a.join() {
            Ok(a) => (a, b),
            Err(panic) => resume_unwind(panic),
        }
    })
}

fn cores() -> usize {
    // Asking reads files of the system.
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

fn run<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    ahead: usize,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    if cores() == 1 {
        return items.into_iter().for_each(|item| take(work(item)));
    }
    let (jobs, queue) = mpsc::channel::<(T, Sender<thread::Result<R>>)>();
    let queue = Mutex::new(queue);
    let worker = || {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        while let Ok((item, done)) = next() {
            // A panic goes on in the thread that waits; where `take` panicked nobody does.
            let _ = done.send(catch_unwind(AssertUnwindSafe(|| work(item))));
        }
    };
    thread::scope(|scope| {
        let mut started = 0;
        let mut waiting: VecDeque<Receiver<thread::Result<R>>> = VecDeque::new();
        let mut hand_on = |result: Receiver<thread::Result<R>>| match result.recv() {
            Ok(Ok(result)) => take(result),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => {}
        };
        for item in items {
            if started < cores() {
                started += 1;
                scope.spawn(worker);
            }
            let (done, result) = mpsc::channel();
            let _ = jobs.send((item, done));
            waiting.push_back(result);
            if waiting.len() >= ahead {
                waiting.pop_front().into_iter().for_each(&mut hand_on);
            }
        }
        drop(jobs);
        waiting.into_iter().for_each(hand_on);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes longer for the first items, so that later ones overtake them.
    fn slow_at_first(n: u64) -> u64 {
        thread::sleep(std::time::Duration::from_millis(20_u64.saturating_sub(4 * n)));
        n * n
    }

    #[test]
    fn results_keep_the_order_of_items() {
        let expected: Vec<u64> = (0..40).map(|n| n * n).collect();
        assert_eq!(map(0..40, slow_at_first), expected);
        let mut seen = Vec::new();
        stream(0..40, slow_at_first, |r| seen.push(r));
        assert_eq!(seen, expected);
        assert!(map(Vec::new(), slow_at_first).is_empty());
    }

    #[test]
    fn a_stream_asks_for_few_items_ahead_of_what_is_taken() {
        let asked = std::cell::Cell::new(0_usize);
        let mut taken = 0_usize;
        stream(
            (0..1000).inspect(|_| asked.set(asked.get() + 1)),
            |n| n,
            |_| {
                taken += 1;
                assert!(asked.get() <= taken + 2 * cores(), "{} asked for, {taken} taken", asked.get());
            },
        );
        assert_eq!(taken, 1000);
    }

    #[test]
    fn a_panic_of_a_worker_is_not_lost() {
        let caught = std::panic::catch_unwind(|| map(0..8, |n| assert!(n != 5)));
        assert!(caught.is_err());
        assert!(std::panic::catch_unwind(|| both(|| panic!("a"), || 1)).is_err());
        assert_eq!(both(|| 1, || "b"), (1, "b"));
    }
}
