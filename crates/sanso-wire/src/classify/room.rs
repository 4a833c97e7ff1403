//! How much room a prompt leaves for the answer, in the providers' own words.
//!
//! Where prompt and `max_tokens` together are over a window, providers say all the numbers, and not one
//! gives them a field: OpenAI and those who speak like it (vLLM in two ways), Anthropic, and Hugging
//! Face's server.

/// Where two numbers stand in a message: behind which words, in this order.
struct Words {
    window: &'static str,
    prompt: &'static str,
}

#[rustfmt::skip] // One row a line: this is a table, and is read as one.
const WORDS: &[Words] = &[
    // ... maximum context length is 4096 tokens and your request has 200 input tokens ...
    Words { window: "maximum context length is ", prompt: " your request has " },
    // ... maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, ...
    Words { window: "maximum context length is ", prompt: " tokens (" },
    // `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 5000 `inputs` tokens and 4000 ...
    Words { window: "must be <= ", prompt: "Given: " },
];

/// Tokens that are left for the answer; `None` where the message does not say, or nothing is left.
pub(super) fn room(message: &str) -> Option<u32> {
    let (window, prompt) =
        WORDS.iter().find_map(|words| numbers(message, words)).or_else(|| sum(message))?;
    u32::try_from(window.checked_sub(prompt)?).ok().filter(|room| *room > 0)
}

fn numbers(message: &str, words: &Words) -> Option<(u64, u64)> {
    let (_, rest) = message.split_once(words.window)?;
    let window = number(rest)?;
    let (_, rest) = rest.split_once(words.prompt)?;
    Some((window, number(rest)?))
}

/// Anthropic: `input length and max_tokens exceed context limit: 190000 + 20000 > 200000`.
fn sum(message: &str) -> Option<(u64, u64)> {
    let (_, rest) = message.split_once("exceed context limit: ")?;
    let prompt = number(rest)?;
    let (_, rest) = rest.split_once(" > ")?;
    Some((number(rest)?, prompt))
}

/// The number at the beginning of a text, thousands separated or not.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(text.len());
    text[..end].replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn the_room_that_is_left_is_read_from_prose() {
        let openai = "This model's maximum context length is 8192 tokens. However, you requested 9000 \
            tokens (5000 in the messages, 4000 in the completion). Please reduce the length.";
        let vllm = "'max_tokens' is too large: 4000. This model's maximum context length is 4096 tokens \
            and your request has 200 input tokens (4000 > 4096 - 200).";
        let anthropic = "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, \
            decrease input length or `max_tokens` and try again";
        let hugging_face = "`inputs` tokens + `max_new_tokens` must be <= 8,193. Given: 5,000 `inputs` tokens and 4000";
        let cases = [(openai, 3_192), (vllm, 3_896), (anthropic, 10_000), (hugging_face, 3_193)];
        for (message, left) in cases {
            assert_eq!(room(message), Some(left), "{message}");
        }
    }

    #[test]
    fn no_room_is_made_up() {
        let silent = [
            "prompt is too long: 210000 tokens > 200000 maximum",
            "This model's maximum context length is 128000 tokens. However, your messages resulted in \
             150008 tokens. Please reduce the length of the messages.",
            "This model's maximum context length is 10 tokens. However, you requested 30 tokens (20 in",
            "input length and `max_tokens` exceed context limit: 99999999999999999999 + 1 > 2",
            "maximum context length is tokens (",
            "",
        ];
        for message in silent {
            assert_eq!(room(message), None, "{message}");
        }
    }
}
