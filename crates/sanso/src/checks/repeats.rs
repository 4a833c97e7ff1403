//! Loops: a model that says the same again and again to the end of its answer.
//!
//! The rule: of the runs of twelve words in the last 300 words, or in the last 1,500, fewer than a
//! fifth are different. It is linear in the text. What repeats itself by nature is left out before:
//! fenced code, rows of tables, answers that are JSON; what is not mostly letters (markup, numbers)
//! is no loop. 300 words are more than any refrain: the end of "Hey Jude" has 130.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Words in a run. Tables of yes and no have hardly two equal runs of twelve.
const RUN: usize = 12;
/// The ends that are looked at, in words: one for a sentence, one for a long paragraph.
const ENDS: [usize; 2] = [300, 1_500];
/// Fewer different runs than one in so many are a loop.
const ONE_IN: usize = 5;

/// Whether `text` ends in a loop.
pub(super) fn is_loop(text: &str) -> bool {
    let is_json = matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['))
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if is_json {
        return false;
    }
    let prose = prose(text);
    if !is_mostly_letters(&prose) {
        return false;
    }
    let lower = prose.to_lowercase();
    let words = words(&lower);
    ENDS.into_iter().any(|end| words.len() >= end && is_monotonous(&words[words.len() - end..]))
}

/// Without fenced code and rows of tables.
fn prose(text: &str) -> String {
    let mut prose = String::with_capacity(text.len());
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code && line.matches('|').nth(1).is_none() {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// Four fifths of what is written.
fn is_mostly_letters(text: &str) -> bool {
    let (mut letters, mut all) = (0_usize, 0_usize);
    for letter in text.chars() {
        all += 1;
        letters += usize::from(letter.is_alphabetic() || letter.is_whitespace());
    }
    letters * 5 >= all * 4
}

/// Runs of letters and digits; in scripts that are written without spaces each character is one.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for piece in text.split(|letter: char| !letter.is_alphanumeric()) {
        let mut from = 0;
        for (at, letter) in piece.char_indices().filter(|(_, letter)| is_unspaced(*letter)) {
            let next = at + letter.len_utf8();
            words.extend([&piece[from..at], &piece[at..next]]);
            from = next;
        }
        words.push(&piece[from..]);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Thai, Lao, Myanmar, Khmer, kana, Chinese characters.
const fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

fn is_monotonous(words: &[&str]) -> bool {
    // The same text is always judged the same.
    let state = BuildHasherDefault::<DefaultHasher>::default();
    let runs = words.len() - RUN + 1;
    let different: HashSet<u64> = words.windows(RUN).map(|run| state.hash_one(run)).collect();
    different.len() * ONE_IN < runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_a_paragraph_and_a_word_that_never_end_are_loops() {
        let opening = "Here is what I found out about the history of the bridge. ";
        let paragraph = "The bridge was opened in the spring, and since then people have crossed it \
                         every day on their way to work, to school, to the market and back home. ";
        for text in [
            "and so on ".repeat(200),
            format!("{opening}{}", "I will now check the file again. ".repeat(60)),
            format!("{opening}{}", paragraph.repeat(12)),
            "very ".repeat(400),
            "それはとても良い質問です。".repeat(40),
            format!("{opening}{}", "1. Check the file. ".repeat(100)),
        ] {
            assert!(is_loop(&text), "{text:.80}");
        }
    }

    #[test]
    fn what_repeats_itself_by_nature_is_no_loop() {
        let table: String =
            (0..200).map(|row| format!("| row {row} | yes | no | yes |\n")).collect();
        let same_rows = "| n/a | n/a | n/a |\n".repeat(200);
        let code = format!("Here it is:\n```python\n{}```\n", "print(\"hello\")\n".repeat(300));
        let unclosed = format!("```\n{}", "x = x + 1\n".repeat(500));
        let json = format!("[{}null]", "null, ".repeat(500));
        let zeros = "0, ".repeat(1_000);
        let markup = "<tr><td>yes</td><td>no</td></tr>\n".repeat(100);
        let song = format!(
            "{}{}",
            "Take a sad song and make it better. ".repeat(3),
            "Na na na nananana, nananana, hey Jude. ".repeat(18)
        );
        let list: String =
            (0..150).map(|day| format!("{day}. Run {} km, then rest.\n", day % 17)).collect();
        let rule = "-".repeat(5_000);
        for text in [table, same_rows, code, unclosed, json, zeros, markup, song, list, rule] {
            assert!(!is_loop(&text), "{text:.80}");
        }
        let story: String =
            (0..400).map(|n| format!("Then word{n} came to place{}. ", n * 7)).collect();
        assert!(!is_loop(&story));
        assert!(!is_loop(""));
    }

    #[test]
    fn words_of_scripts_without_spaces_are_single_characters() {
        assert_eq!(words("ab 東京is x1"), ["ab", "東", "京", "is", "x1"]);
    }
}
