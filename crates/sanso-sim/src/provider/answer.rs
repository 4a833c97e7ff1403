//! What a provider says, before it is put into a wire format.

use bytes::Bytes;
use sanso_core::Rng;
use serde_json::Value;

use super::ask::{Ask, Tool};
use crate::clock;

/// One answer. The same seed and call give the same answer, its time apart.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) model: String,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) content: Content,
    pub(crate) finish: Finish,
    pub(crate) prompt_tokens: u32,
    pub(crate) include_usage: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The tokens of a text; none at all is an empty answer.
    Text(Vec<String>),
    Tool {
        id: String,
        tool: Tool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Length,
    ToolCall,
}

/// An answer cut into the events of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    /// Sent at once; carries no content.
    pub(crate) opening: Vec<Bytes>,
    pub(crate) content: Vec<Chunk>,
    /// Sent after the last content; for a format that closes with content, that content too.
    pub(crate) ending: Vec<Chunk>,
    /// What an overload looks like in this stream.
    pub(crate) error: Bytes,
}

#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    /// How many tokens it carries, which is what it costs in time.
    pub(crate) tokens: u32,
}

impl Answer {
    pub(crate) fn to(ask: &Ask, rng: &mut Rng) -> Self {
        let (content, finish) = match &ask.tool {
            Some(tool) => {
                (Content::Tool { id: token(rng, 24), tool: tool.clone() }, Finish::ToolCall)
            }
            None => speak(&ask.model, ask.max_tokens, rng),
        };
        Self { id: token(rng, 24), content, finish, ..Self::empty(ask) }
    }

    /// An answer with nothing in it.
    pub(crate) fn empty(ask: &Ask) -> Self {
        Self {
            id: "0".repeat(24),
            model: ask.model.clone(),
            created: clock::wall_time().as_second(),
            content: Content::Text(Vec::new()),
            finish: Finish::Stop,
            prompt_tokens: ask.prompt_tokens,
            include_usage: ask.include_usage,
        }
    }

    pub(crate) fn completion_tokens(&self) -> u32 {
        match &self.content {
            Content::Text(tokens) => count(tokens.len()),
            Content::Tool { tool, .. } => {
                count(fragments(&tool.arguments.to_string()).len()).saturating_add(8)
            }
        }
    }
}

/// The arguments of a tool call in the small pieces that models stream them in.
pub(crate) fn fragments(arguments: &str) -> Vec<&str> {
    arguments.split_inclusive(['"', ':', ',', ' ']).collect()
}

/// `length` random characters of those that the ids of providers are made of.
pub(crate) fn token(rng: &mut Rng, length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    (0..length).map(|_| char::from(pick(ALPHABET, rng).copied().unwrap_or(b'0'))).collect()
}

pub(crate) fn event(data: &Value) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn speak(model: &str, max_tokens: Option<u32>, rng: &mut Rng) -> (Content, Finish) {
    let greeting = pick(&GREETINGS, rng).copied().unwrap_or_default();
    let thought = pick(&THOUGHTS, rng).copied().unwrap_or_default();
    let text = format!("{} {thought}", greeting.replace("{}", model));
    let mut tokens: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
    // A space goes with the word after it, as tokenizers have it.
    for index in 0..tokens.len().saturating_sub(1) {
        if tokens[index].ends_with(' ') {
            tokens[index].pop();
            tokens[index + 1].insert(0, ' ');
        }
    }
    let limit = max_tokens.map_or(usize::MAX, |limit| limit.max(1) as usize);
    let finish = if tokens.len() > limit { Finish::Length } else { Finish::Stop };
    tokens.truncate(limit);
    (Content::Text(tokens), finish)
}

fn pick<'a, T>(from: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    rng.weighted(&vec![1.0; from.len()]).and_then(|index| from.get(index))
}

const GREETINGS: [&str; 4] = [
    "This is {}.",
    "You are talking to {}.",
    "{} here, at your service.",
    "Here is what {} has to say about it.",
];

const THOUGHTS: [&str; 6] = [
    "A good answer needs a good question, and yours will do.",
    "Water boils at a lower temperature on a mountain, so tea takes patience there.",
    "The shortest path is not always the fastest one, as every commuter knows.",
    "Most bridges move a little in the wind, and that is what keeps them standing.",
    "A lighthouse says one thing, again and again, and is believed.",
    "Bees tell each other the way by dancing, and they rarely get lost.",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(max_tokens: Option<u32>) -> Ask {
        Ask {
            model: "gpt-4.1".into(),
            stream: false,
            include_usage: false,
            prompt_tokens: 9,
            max_tokens,
            tool: None,
        }
    }

    fn text(answer: &Answer) -> String {
        match &answer.content {
            Content::Text(tokens) => tokens.concat(),
            Content::Tool { .. } => panic!("no tool was offered"),
        }
    }

    #[test]
    fn one_seed_gives_one_answer_and_many_give_many() {
        let answer = |seed| text(&Answer::to(&ask(None), &mut Rng::from_seed(seed)));
        assert_eq!(answer(7), answer(7));
        let different: std::collections::BTreeSet<String> = (0..40).map(answer).collect();
        assert!(different.len() > 10, "{different:?}");
        assert!(different.iter().all(|text| text.contains("gpt-4.1")));
    }

    #[test]
    fn a_token_limit_cuts_the_answer_and_says_so() {
        let answer = Answer::to(&ask(Some(3)), &mut Rng::from_seed(1));
        assert_eq!((answer.completion_tokens(), answer.finish), (3, Finish::Length));
        let answer = Answer::to(&ask(Some(500)), &mut Rng::from_seed(1));
        assert_eq!(answer.finish, Finish::Stop);
    }

    #[test]
    fn fragments_put_together_are_the_arguments() {
        let arguments = r#"{"city":"Tokyo, Japan","days":3}"#;
        assert_eq!(fragments(arguments).concat(), arguments);
        assert!(fragments(arguments).len() > 5);
    }
}
