//! Anthropic Messages, spoken to a provider.

mod answer;
mod corpus;
mod request;
mod stream;
mod thinking;
mod turns;
