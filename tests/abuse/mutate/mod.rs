//! Random requests that are nearly those of SDKs: the same seed makes the same ones.

mod packing;
mod text;

use crate::corpus::Seed;
use base64::prelude::{Engine, BASE64_STANDARD};
use fastrand::Rng;
use freshpaint_harness::Request;
use packing::url_safe;

/// Envoy takes longer heads, but not by much.
const LONGEST_QUERY: usize = 16 << 10;

pub(crate) struct Mutator<'s> {
    seeds: &'s [Seed],
    random: Rng,
}

impl<'s> Mutator<'s> {
    pub(crate) fn new(seeds: &'s [Seed], seed: u64) -> Self {
        Self {
            seeds,
            random: Rng::with_seed(seed),
        }
    }

    /// The next request. It is well-formed HTTP, so that the module gets to see it.
    pub(crate) fn request(&mut self) -> Request {
        let seed = self.seed();
        let mut text = seed.text.clone();
        if self.one_in(6) {
            self.grow(&mut text);
        }
        for _ in 0..self.random.usize(..5) {
            self.change(&mut text);
        }
        if !self.one_in(8) {
            self.renew_ids(&mut text);
        }
        let target = if self.one_in(8) { self.seed() } else { seed };
        let mut request = if text.len() < LONGEST_QUERY && self.one_in(12) {
            let data = url_safe(&BASE64_STANDARD.encode(&text));
            Request::get(&format!("{}?data={data}", target.path))
        } else {
            let mut path = target.path.clone();
            if !target.query.is_empty() && self.random.bool() {
                path = format!("{path}?{}", target.query);
            }
            let (body, coding) = self.encode(text);
            let mut request = Request::post(&path, body);
            if let Some(coding) = coding {
                request = request.header("content-encoding", coding);
            }
            request
        };
        if let Some(content_type) = &seed.content_type {
            request = request.header("content-type", content_type.as_str());
        }
        self.dress(request)
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.random.usize(..many) == 0
    }

    fn seed(&mut self) -> &'s Seed {
        &self.seeds[self.random.usize(..self.seeds.len())]
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.random.usize(..all.len())]
    }
}
