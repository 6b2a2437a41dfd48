//! The cases, in the order of the table.

mod answers;
mod at_once;
mod beside;
mod bombs;
mod churn;
mod connections;
mod dedupe;
mod fan_out;
mod fuzz;
mod hot_restart;
mod http2_webhooks;
mod hung;
mod leaving;
mod misbehaving;
mod odd;
mod overload;
mod payloads;
mod random;
mod stalls;
mod streams;
mod table_memory;
mod worst_memory;

use crate::table::Case;

/// Those of one line run side by side: each has an Envoy of its own and leaves most of the machine
/// to the others.
pub(crate) const CASES: &[&[Case]] = &[
    &[bombs::SMALL, bombs::IN_A_QUERY, bombs::HASHED],
    &[bombs::SIXTEEN_RULE_SETS, bombs::LARGEST_PLAIN],
    &[stalls::WORST],
    &[beside::THE_EVENTS],
    &[fan_out::WATCHED],
    &[fan_out::IN_ONE_MOMENT],
    &[streams::ONE_CONNECTION, streams::FOUR_CONNECTIONS],
    &[streams::RESET],
    &[streams::CONTINUED],
    &[streams::SMALL_FRAMES],
    &[at_once::DEAREST],
    &[connections::SILENT],
    &[connections::SLOW_HEADS],
    &[connections::SLOW_BODIES],
    &[connections::LARGE_BODIES],
    &[overload::SLOW, overload::QUICK, overload::SLOWS_DOWN],
    &[hung::ALONE],
    &[hung::BESIDE_A_LIVE_ONE],
    &[misbehaving::IN_EVERY_WAY, http2_webhooks::IN_EVERY_WAY],
    &[
        payloads::HELD_BY_HUNG_WEBHOOKS,
        worst_memory::SMALL_EVENTS,
        answers::HUGE,
    ],
    &[worst_memory::EVERYTHING],
    &[dedupe::SENT_AGAIN],
    &[table_memory::FULL, churn::REPLACED],
    &[
        leaving::TERMINATED,
        leaving::DRAINED,
        hot_restart::UNDER_LOAD,
    ],
    &[odd::REQUESTS, odd::PATHS],
    &[random::BYTES],
    &[fuzz::RULES],
];
