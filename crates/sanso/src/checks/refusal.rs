//! Refusals: short answers in which a model says that it will not do it.
//!
//! There is no sign of it in the answer but the words, so the rule is narrow: a short text, with one
//! of the listed phrases near its beginning. A long answer that begins with an excuse does say
//! something, and a phrase must speak of refusing, not of a thing that could not be found.

/// One phrase per line, in lower case with straight quotes; `#` begins a comment.
const PHRASES: &str = include_str!("refusals.txt");

/// Longer answers say something.
const LONGEST: usize = 400;
/// A phrase further on is part of what is said.
const BEGINS_WITHIN: usize = 120;

/// Whether `text` is a refusal by its words.
pub(super) fn is_one(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.chars().nth(LONGEST).is_some() {
        return false;
    }
    let text = plain(text);
    let head = text.char_indices().nth(BEGINS_WITHIN).map_or(text.len(), |(at, _)| at);
    let phrases = PHRASES.lines().map(str::trim);
    let phrases = phrases.filter(|phrase| !phrase.is_empty() && !phrase.starts_with('#'));
    phrases.into_iter().any(|phrase| text.find(phrase).is_some_and(|at| at < head))
}

/// In lower case, with straight quotes and single spaces, without emphasis.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{2019}' | '\u{2018}' | '\u{02bc}' => plain.push('\''),
            '*' | '_' | '"' | '\u{201c}' | '\u{201d}' => {}
            letter if letter.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            letter => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_known_in_several_languages() {
        for text in [
            "I'm sorry, but I can't help with that.",
            "I\u{2019}m sorry, I can\u{2019}t assist with that request.",
            "I cannot fulfill this request.",
            "**Sorry**, I'm unable to help with that.",
            "As an AI language model, I cannot provide that.",
            "I won't be able to assist with that.\n\nIs there anything else?",
            "申し訳ありませんが、そのリクエストにはお応えできません。",
            "申し訳ございませんが、お手伝いすることはできません。",
            "ごめんなさい、そのご要望にはお応えできません。",
            "抱歉，我无法协助满足该请求。",
            "Es tut mir leid, aber dabei kann ich nicht helfen.",
            "Je suis désolé, mais je ne peux pas vous aider avec cela.",
            "Lo siento, pero no puedo ayudar con eso.",
        ] {
            assert!(is_one(text), "{text}");
        }
    }

    #[test]
    fn apologies_and_reports_are_no_refusals() {
        for text in [
            "",
            "No.",
            "I'm sorry to hear that. Have you tried restarting it?",
            "I'm sorry, but I can't find order 1234 in our system. Could you check the number?",
            "The API cannot process this request because the token has expired.",
            "Cats can't see in total darkness.",
            "申し訳ありませんが、在庫がございません。来週入荷予定です。",
            "Sorry, the shop is closed on Mondays.",
            "The word you are looking for is \"refuse\".",
            "Unfortunately, there is no direct train; change in Kyoto.",
        ] {
            assert!(!is_one(text), "{text}");
        }
        let long = format!(
            "I can't help with that in detail, but here is an outline. {}",
            "x ".repeat(300)
        );
        assert!(!is_one(&long), "a long answer says something");
        let late =
            format!("{} A model may say: I can't help with that.", "Here is how. ".repeat(12));
        assert!(!is_one(&late));
    }
}
