//! Tests of the queue with jobs that are numbers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;

/// How long to wait for what takes moments on an idle machine.
const LONG: Duration = Duration::from_secs(60);

const URGENT_FIRST: usize = 0;
const FIRST_COME: usize = 1;

/// A job of a class, with an urgency that is its number too.
#[derive(Debug, PartialEq, Eq)]
struct Numbered(usize, u64);

impl Job for Numbered {
    fn class(&self) -> usize {
        self.0
    }

    fn urgency(&self) -> u64 {
        self.1
    }
}

fn threads(count: usize) -> Threads {
    Threads {
        name: "test",
        count,
        low_priority: false,
    }
}

fn classes(capacity: usize) -> [Class; 2] {
    let class = |capacity, order| Class { capacity, order };
    [
        class(Some(capacity), Order::MostUrgent),
        class(None, Order::FirstCome),
    ]
}

/// A queue whose only thread stands at its first job, `(FIRST_COME, 0)`, until something is sent; and
/// the numbers that were done.
fn held(capacity: usize) -> (Queue<Numbered>, mpsc::Sender<()>, mpsc::Receiver<u64>) {
    let (open, door) = mpsc::channel();
    let (done, numbers) = mpsc::channel();
    let (door, done) = (Mutex::new(door), Mutex::new(done));
    let queue = Queue::new(threads(1), &classes(capacity), move |job: Numbered, _| {
        if job == Numbered(FIRST_COME, 0) {
            let _ = lock(&door).recv();
        }
        let _ = lock(&done).send(job.1);
    });
    queue.push(Numbered(FIRST_COME, 0)).expect("there is room");
    wait_until(|| queue.busy() == 1 && queue.waiting(FIRST_COME) == 0);
    (queue, open, numbers)
}

fn wait_until(done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < LONG, "it hangs");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn classes_come_in_order_and_jobs_by_urgency_or_as_they_came() {
    let (queue, open, numbers) = held(10);
    for job in [(1, 5), (0, 2), (1, 9), (0, 7), (0, 3), (1, 6)] {
        queue.push(Numbered(job.0, job.1)).expect("there is room");
    }
    assert_eq!(
        (queue.waiting(URGENT_FIRST), queue.waiting(FIRST_COME)),
        (3, 3)
    );
    assert!(!queue.is_idle());
    open.send(()).expect("somebody waits");
    let done: Vec<u64> = (0..7)
        .map(|_| numbers.recv_timeout(LONG).expect("it is done"))
        .collect();
    assert_eq!(done, [0, 7, 3, 2, 5, 9, 6]);
    wait_until(|| queue.is_idle());
}

#[test]
fn beyond_its_capacity_the_least_urgent_job_gives_way() {
    let (queue, open, numbers) = held(2);
    for (number, refused) in [
        (5, None),
        (8, None),
        (6, Some(5)),
        (1, Some(1)),
        (6, Some(6)),
    ] {
        let result = match queue.push(Numbered(URGENT_FIRST, number)) {
            Ok(()) => None,
            Err(Refused::Full(job)) => Some(job.1),
            Err(refused) => panic!("{refused:?}"),
        };
        assert_eq!(result, refused, "{number}");
    }
    open.send(()).expect("somebody waits");
    let done: Vec<u64> = (0..3)
        .map(|_| numbers.recv_timeout(LONG).expect("it is done"))
        .collect();
    assert_eq!(done, [0, 8, 6]);
}

#[test]
fn a_panic_ends_the_job_and_not_the_thread() {
    let (done, numbers) = mpsc::channel();
    let done = Mutex::new(done);
    let queue = Queue::new(threads(1), &classes(9), move |job: Numbered, _| {
        if job.1 == 1 {
            // As a panic, without its message among the tests' output.
            std::panic::resume_unwind(Box::new("a test"));
        }
        let _ = lock(&done).send(job.1);
    });
    for number in [1, 2] {
        queue
            .push(Numbered(FIRST_COME, number))
            .expect("there is room");
    }
    assert_eq!(numbers.recv_timeout(LONG), Ok(2));
    wait_until(|| queue.is_idle());
}

#[test]
fn a_job_can_push_another_one() {
    let (done, numbers) = mpsc::channel();
    let done = Mutex::new(done);
    let queue = Queue::new(threads(2), &classes(9), move |job: Numbered, queue| {
        let _ = lock(&done).send(job.1);
        if job.1 < 3 {
            queue
                .push(Numbered(URGENT_FIRST, job.1 + 1))
                .expect("there is room");
        }
    });
    queue
        .push(Numbered(URGENT_FIRST, 1))
        .expect("there is room");
    for number in 1..=3 {
        assert_eq!(numbers.recv_timeout(LONG), Ok(number));
    }
}

#[test]
fn a_dropped_queue_drops_what_waits_and_ends_its_threads() {
    let (queue, open, numbers) = held(9);
    for number in [1, 2] {
        queue
            .push(Numbered(URGENT_FIRST, number))
            .expect("there is room");
    }
    drop(queue);
    open.send(()).expect("somebody waits");
    assert_eq!(numbers.recv_timeout(LONG), Ok(0), "what it had in hand");
    // The sender goes with the last thread.
    let end = numbers.recv_timeout(LONG);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn without_threads_bounded_jobs_come_back_and_others_wait_for_one() {
    static FAILS: AtomicBool = AtomicBool::new(true);
    static TRIED: AtomicUsize = AtomicUsize::new(0);
    let spawn_or_fail: Spawn = |name, work| {
        TRIED.fetch_add(1, Ordering::SeqCst);
        match FAILS.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => spawn(name, work),
        }
    };
    let (done, numbers) = mpsc::channel();
    let done = Mutex::new(done);
    let perform = move |job: Numbered, _: &Pusher<Numbered>| {
        let _ = lock(&done).send(job.1);
    };
    let queue = Queue::with_spawn(threads(2), &classes(9), spawn_or_fail, perform);
    queue.push(Numbered(FIRST_COME, 1)).expect("it waits");
    for number in [2, 3] {
        let refused = queue.push(Numbered(URGENT_FIRST, number));
        let back = |job: &Numbered| job.1 == number;
        assert!(
            matches!(&refused, Err(Refused::NoThread(job)) if back(job)),
            "{refused:?}"
        );
    }
    assert_eq!(queue.busy(), 0);
    assert_eq!(
        (queue.waiting(URGENT_FIRST), queue.waiting(FIRST_COME)),
        (0, 1)
    );
    // Later there are threads again.
    FAILS.store(false, Ordering::SeqCst);
    thread::sleep(THREAD_RETRY_INTERVAL);
    queue.push(Numbered(FIRST_COME, 4)).expect("it is taken");
    let mut done = [(); 2].map(|()| numbers.recv_timeout(LONG).expect("it is done"));
    done.sort_unstable();
    assert_eq!(done, [1, 4]);
    assert!(TRIED.load(Ordering::SeqCst) >= 3);
}
