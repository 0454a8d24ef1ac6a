//! The writer's queue: people take turns, so that nobody's thousand changes make another wait for all of them.
//!
//! Each person has a line of their own, in which their changes keep their order. The writer takes one change from each line
//! after the other (round-robin) until the batch is full. Within the batch the order is that of arrival: who takes turns is
//! decided by what is in it. What no person asked for (jobs, sessions, sign-ups) has one line together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::domain::UserId;

use crate::store::engine::error::StoreError;
use crate::store::engine::workers::{JobQueue, closed};

/// Whose line a change waits in; `None` for what no person asked for.
pub(in crate::store::engine) type Line = Option<UserId>;

/// Something that waits for its turn.
pub(in crate::store::engine) trait InLine {
    /// Whose line it waits in.
    fn line(&self) -> Line;
    /// About how long it keeps the writer busy, in words of the search index; at least 1.
    fn weight(&self) -> usize;
}

/// Makes a queue in which `capacity` jobs may wait.
pub(in crate::store::engine) fn fair_queue<J: InLine>(capacity: usize) -> (FairSender<J>, FairReceiver<J>) {
    let shared = Arc::new(Shared { lines: Mutex::new(Lines::default()), changed: Condvar::new(), capacity });
    (FairSender(Arc::clone(&shared)), FairReceiver(shared))
}

/// The callers' end. Dropping it closes the queue; what waits is still taken.
pub(in crate::store::engine) struct FairSender<J>(Arc<Shared<J>>);

/// The writer's end.
pub(in crate::store::engine) struct FairReceiver<J>(Arc<Shared<J>>);

struct Shared<J> {
    lines: Mutex<Lines<J>>,
    /// Notified when a job came, and when the queue was closed.
    changed: Condvar,
    capacity: usize,
}

struct Lines<J> {
    /// No line is empty: it goes with its last job.
    lines: HashMap<Line, VecDeque<Arrived<J>>>,
    /// The lines in the order of their turns, each once.
    turns: VecDeque<Line>,
    waiting: usize,
    /// The number of the next job.
    next_number: u64,
    is_closed: bool,
}

/// A job, and its number in the order of arrival.
struct Arrived<J> {
    number: u64,
    job: J,
}

impl<J> Default for Lines<J> {
    fn default() -> Self {
        Self { lines: HashMap::new(), turns: VecDeque::new(), waiting: 0, next_number: 0, is_closed: false }
    }
}

impl<J> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, Lines<J>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: InLine + Send> JobQueue for FairSender<J> {
    type Job = J;

    /// Queues a job at the end of its line.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the queue is full, or when one person's jobs fill half of it: the other half is for the
    /// others. [`StoreError::Unavailable`] when it is closed.
    fn submit(&self, job: J) -> Result<(), StoreError> {
        let line = job.line();
        let mut lines = self.0.lock();
        if lines.is_closed {
            return Err(closed());
        }
        let in_line = lines.lines.get(&line).map_or(0, VecDeque::len);
        let max_in_line = if line.is_some() { self.0.capacity.div_ceil(2) } else { self.0.capacity };
        if lines.waiting >= self.0.capacity || in_line >= max_in_line {
            return Err(StoreError::Busy);
        }
        lines.waiting += 1;
        let number = lines.next_number;
        lines.next_number += 1;
        if in_line == 0 {
            lines.turns.push_back(line);
        }
        lines.lines.entry(line).or_default().push_back(Arrived { number, job });
        drop(lines);
        self.0.changed.notify_one();
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.0.lock().waiting
    }
}

impl<J> Drop for FairSender<J> {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl<J: InLine> FairReceiver<J> {
    /// Waits for jobs and takes the next ones: one of each line in turn, at most `limit`, and as many as weigh `max_weight`
    /// together; the first one whatever it weighs. They come in the order of their arrival. Empty when the queue is closed and nothing waits. Blocks.
    pub(in crate::store::engine) fn take(&self, limit: usize, max_weight: usize) -> Vec<J> {
        let mut lines = self.0.lock();
        while lines.waiting == 0 && !lines.is_closed {
            lines = self.0.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
        let mut batch = Vec::with_capacity(lines.waiting.min(limit));
        let mut weight = 0;
        while batch.len() < limit {
            let Some(next) = lines.next_weight() else { break };
            if !batch.is_empty() && weight + next > max_weight {
                break;
            }
            weight += next;
            batch.extend(lines.pop());
        }
        drop(lines);
        batch.sort_unstable_by_key(|arrived| arrived.number);
        batch.into_iter().map(|arrived| arrived.job).collect()
    }
}

impl<J: InLine> Lines<J> {
    /// The weight of the job whose turn it is.
    fn next_weight(&self) -> Option<usize> {
        self.lines.get(self.turns.front()?)?.front().map(|arrived| arrived.job.weight())
    }

    /// Takes the job whose turn it is; its line goes to the end of the turns.
    fn pop(&mut self) -> Option<Arrived<J>> {
        let line = self.turns.pop_front()?;
        let jobs = self.lines.get_mut(&line)?;
        let job = jobs.pop_front()?;
        if jobs.is_empty() {
            self.lines.remove(&line);
        } else {
            self.turns.push_back(line);
        }
        self.waiting -= 1;
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Job(Option<i64>, char, usize);

    impl InLine for Job {
        fn line(&self) -> Line {
            self.0.map(UserId)
        }

        fn weight(&self) -> usize {
            self.2
        }
    }

    fn names(batch: &[Job]) -> String {
        batch.iter().map(|job| job.1).collect()
    }

    #[test]
    fn people_take_turns_and_each_ones_changes_keep_their_order() {
        let (sender, receiver) = fair_queue(100);
        for name in 'a'..='f' {
            sender.submit(Job(Some(1), name, 1)).expect("room");
        }
        for job in [Job(Some(2), 'x', 1), Job(None, '-', 1), Job(Some(2), 'y', 1)] {
            sender.submit(job).expect("room");
        }
        assert_eq!(names(&receiver.take(5, 100)), "abx-y", "one of each, then the second of each");
        sender.submit(Job(Some(3), 'n', 1)).expect("room");
        assert_eq!(names(&receiver.take(2, 100)), "cn");
        assert_eq!(names(&receiver.take(100, 100)), "def");
    }

    #[test]
    fn somebody_who_comes_last_waits_for_one_change_of_each_person_and_not_for_a_thousand() {
        let (sender, receiver) = fair_queue(4_096);
        for _ in 0..1_000 {
            sender.submit(Job(Some(1), 'a', 1_700)).expect("room");
        }
        sender.submit(Job(Some(2), 'x', 10)).expect("room");
        let batch = receiver.take(256, 4_096);
        assert_eq!(names(&batch), "aax", "the batch is small, because its changes are large");
    }

    #[test]
    fn one_person_fills_half_of_the_queue_at_most() {
        let (sender, receiver) = fair_queue(4);
        let submit = |line, name| sender.submit(Job(line, name, 1));
        assert_eq!((submit(Some(1), 'a'), submit(Some(1), 'b')), (Ok(()), Ok(())));
        assert_eq!(submit(Some(1), 'c'), Err(StoreError::Busy));
        assert_eq!((submit(Some(2), 'x'), submit(None, '-')), (Ok(()), Ok(())));
        assert_eq!(submit(Some(2), 'y'), Err(StoreError::Busy), "the queue is full");
        assert_eq!(names(&receiver.take(1, 10)), "a");
        assert_eq!(submit(Some(2), 'y'), Ok(()));
    }

    #[test]
    fn what_waits_when_the_queue_is_closed_is_still_taken() {
        let (sender, receiver) = fair_queue(4);
        sender.submit(Job(None, 'a', 1)).expect("room");
        drop(sender);
        assert_eq!(names(&receiver.take(10, 10)), "a");
        assert!(receiver.take(10, 10).is_empty());
    }
}
