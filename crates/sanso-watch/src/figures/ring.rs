//! Buckets of time in a ring.

use crate::millis::Millis;

/// The last `len` buckets of `step` milliseconds. A bucket is made when something falls into it, so
/// quiet times cost nothing.
#[derive(Clone, Debug)]
pub(crate) struct Ring<B> {
    step: u64,
    /// Each with the number of the bucket that it holds: time since the epoch, in steps.
    slots: Vec<Option<(u64, B)>>,
}

impl<B: Default> Ring<B> {
    pub(crate) fn new(step: u64, len: usize) -> Self {
        Self { step, slots: std::iter::repeat_with(|| None).take(len).collect() }
    }

    /// The bucket of a time, or `None` if the ring has gone past it.
    pub(crate) fn bucket(&mut self, at: Millis) -> Option<&mut B> {
        let number = at.0 / self.step;
        let place = self.place(number);
        let slot = &mut self.slots[place];
        if slot.as_ref().is_some_and(|(held, _)| *held > number) {
            return None;
        }
        if slot.as_ref().is_none_or(|(held, _)| *held != number) {
            *slot = Some((number, B::default()));
        }
        slot.as_mut().map(|(_, bucket)| bucket)
    }

    /// The buckets that a span of time touches, in order, with the time at which each begins.
    pub(crate) fn between(&self, from: Millis, to: Millis) -> impl Iterator<Item = (Millis, &B)> {
        let last = to.0 / self.step;
        let first = (from.0 / self.step).max((last + 1).saturating_sub(self.slots.len() as u64));
        (first..=last).filter_map(move |number| {
            let (held, bucket) = self.slots[self.place(number)].as_ref()?;
            (*held == number).then_some((Millis(number * self.step), bucket))
        })
    }

    /// Forgets what is later than `now`: after the clock went back it is of a time that never was.
    pub(crate) fn forget_after(&mut self, now: Millis) {
        let last = now.0 / self.step;
        for slot in &mut self.slots {
            if slot.as_ref().is_some_and(|(number, _)| *number > last) {
                *slot = None;
            }
        }
    }

    pub(crate) fn buckets_mut(&mut self) -> impl Iterator<Item = &mut B> {
        self.slots.iter_mut().flatten().map(|(_, bucket)| bucket)
    }

    fn place(&self, number: u64) -> usize {
        (number % self.slots.len() as u64) as usize
    }
}
