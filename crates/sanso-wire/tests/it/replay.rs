//! Recorded exchanges, replayed from the client's request to the client's answer.
//!
//! Each exchange is asked for as a client of OpenAI's API would have asked: the request that the
//! dialect then writes must mean what was recorded, the recorded answer must be read, and what the
//! client gets must be what OpenAI's own libraries take. What differs or cannot be asked for is listed
//! in [`known`]; a list that says too much fails as well as one that says too little.
#![cfg(test)] // Lets the lints know that helpers here fail tests only.

mod answers;
mod anthropic;
mod client;
mod difference;
mod gemini;
mod known;
mod ledger;
mod recorded;
mod requests;
mod said;

use sanso_wire::Dialect;

use ledger::Ledger;
use recorded::Recorded;

#[test]
fn openai_chat_completions() {
    replay("openai", &["chat_completions"], Dialect::OpenAiChat);
}

#[test]
fn anthropic_messages() {
    replay("anthropic", &["messages"], Dialect::Anthropic);
}

#[test]
fn gemini_generate_content() {
    replay("gemini", &["generateContent", "streamGenerateContent"], Dialect::Gemini);
}

fn replay(provider: &str, apis: &[&str], dialect: Dialect) {
    let exchanges = recorded::all(provider, apis, dialect);
    if exchanges.is_empty() {
        println!("skipped: no corpus at {}", recorded::CORPUS);
        return;
    }
    let mut ledger = Ledger::new(dialect);
    for exchange in &exchanges {
        requests::replay(exchange, &mut ledger);
        answers::replay(exchange);
    }
    print_summary(provider, &exchanges, &ledger);
    ledger.settle();
}

/// Every answer is read and produced, or the test has failed before.
fn print_summary(provider: &str, exchanges: &[Recorded], ledger: &Ledger) {
    let count = |is: fn(&Recorded) -> bool| exchanges.iter().filter(|each| is(each)).count();
    let (all, written) = (exchanges.len(), ledger.written());
    println!(
        "{provider}: {all} exchanges, {written} requests written, {} excluded, \
         {all} answers read and produced ({} complete, {} streams, {} errors)",
        all - written,
        count(|each| each.is_ok() && !each.is_stream()),
        count(|each| each.is_ok() && each.is_stream()),
        count(|each| !each.is_ok()),
    );
    ledger.print();
}
