//! What is known of models of which the configuration says nothing: prices, windows, quality.
//!
//! The data is compiled in; `make catalogue` renews the prices. Abilities are not in it: where its
//! sources say that a model cannot do something, they often only do not know. What is wrong or missing
//! here is put right by `model_info`.

mod quality;
mod thinking;

use std::collections::HashMap;
use std::sync::LazyLock;

use sanso_core::{LongPrompt, Price};

pub(crate) use quality::quality;
pub(crate) use thinking::thinks;

/// What is known of one model of one provider.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Model {
    /// What its tokens cost; `None` where that is not known as a whole.
    pub(crate) price: Option<Price>,
    /// The longest prompt, in tokens.
    pub(crate) window: Option<u64>,
}

/// By provider, then by model.
type Models = HashMap<&'static str, HashMap<&'static str, Model>>;

const TEXT: &str = include_str!("../../catalogue/models.tsv");
static MODELS: LazyLock<Models> = LazyLock::new(|| read(TEXT));

/// How some providers' names of models may be written in full.
const PREFIXES: [&str; 2] = ["accounts/fireworks/models/", "models/"];

/// Finds a model: by its name, else without the date of its version.
pub(crate) fn find(provider: &str, model: &str) -> Option<&'static Model> {
    let short = PREFIXES.iter().find_map(|prefix| model.strip_prefix(prefix)).unwrap_or(model);
    let models = MODELS.get(provider)?;
    models.get(short).or_else(|| models.get(without_date(short)?))
}

/// `name-20260501` or `name-2026-05-01` to `name`.
fn without_date(model: &str) -> Option<&str> {
    let before = |shape: &str| {
        let (name, date) = model.split_at_checked(model.len().checked_sub(shape.len())?)?;
        let fits = |(byte, shape): (u8, u8)| {
            if shape == b'-' { byte == b'-' } else { byte.is_ascii_digit() }
        };
        (!name.is_empty() && date.bytes().zip(shape.bytes()).all(fits)).then_some(name)
    };
    before("-YYYYMMDD").or_else(|| before("-YYYY-MM-DD"))
}

fn read(text: &'static str) -> Models {
    let mut models = Models::new();
    let mut provider = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('@') {
            provider = name;
            continue;
        }
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let number = |_| fields.next().and_then(|field| field.parse().ok());
        let known = model(std::array::from_fn(number));
        models.entry(provider).or_default().insert(name, known);
    }
    models
}

/// The numbers of a line, in its order.
fn model(numbers: [Option<f64>; 8]) -> Model {
    let per_token = |price: Option<f64>| price.map(|per_million| per_million / 1e6);
    let [input, output, cache_read, cache_write] =
        [numbers[0], numbers[1], numbers[2], numbers[3]].map(per_token);
    let tokens = |number: f64| number as u64;
    let long = || {
        let (input, output) = (per_token(numbers[6])?, per_token(numbers[7])?);
        Some(LongPrompt { from: numbers[5].map(tokens)?, input, output })
    };
    let price =
        || Some(Price { input: input?, output: output?, cache_read, cache_write, long: long() });
    Model { price: price(), window: numbers[4].map(tokens).filter(|tokens| *tokens > 0) }
}

#[cfg(test)]
mod tests {
    use sanso_core::Tokens;
    use sanso_wire::providers;

    use super::*;

    #[test]
    fn every_line_is_read_and_belongs_to_a_provider_that_is_spoken() {
        let lines = TEXT.lines().filter(|line| !line.starts_with(['#', '@'])).count();
        assert!(lines > 2000, "{lines}");
        let all = MODELS
            .iter()
            .flat_map(|(provider, models)| models.iter().map(move |it| (provider, it)));
        assert_eq!(all.clone().count(), lines, "a model stands there twice, or is not read");
        for (provider, (name, model)) in all {
            assert!(providers::provider(provider).is_some(), "{provider}");
            assert!(model.price.is_some() || model.window.is_some(), "{provider}/{name}");
            let tokens = Tokens { input: 1000.0, output: 1000.0, ..Tokens::default() };
            let cost = model.price.map_or(Some(0.0), |price| price.of(tokens));
            // Nothing costs a dollar a token: a slip of the unit would.
            assert!(cost.is_some_and(|usd| usd < 20.0), "{provider}/{name}: {cost:?}");
        }
    }

    #[test]
    fn the_data_is_small_and_says_where_it_is_from() {
        assert!(TEXT.len() < 150_000, "{}", TEXT.len());
        let head: String = TEXT.lines().take_while(|line| line.starts_with('#')).collect();
        for said in
            ["Berri AI", "Pydantic Services Inc.", "MIT licence", "do not edit", "LiteLLM 1."]
        {
            assert!(head.contains(said), "{said}");
        }
    }

    #[test]
    fn a_model_is_found_by_its_name_and_without_its_date() {
        let gpt = find("openai", "gpt-4.1").unwrap();
        let price = gpt.price.unwrap();
        assert!((price.input - 2e-6).abs() < 1e-12 && (price.output - 8e-6).abs() < 1e-12);
        assert_eq!(gpt.window, Some(1_047_576));
        assert_eq!(find("openai", "gpt-4.1-2031-01-01"), Some(gpt));
        assert_eq!(
            find("anthropic", "claude-sonnet-4-6-20310101").unwrap().window,
            Some(1_000_000)
        );
        let short = find("fireworks_ai", "deepseek-v4-flash");
        assert!(short.is_some());
        assert_eq!(find("fireworks_ai", "accounts/fireworks/models/deepseek-v4-flash"), short);
        for unknown in ["", "gpt-4.1-", "gpt", "-20310101", "gpt-9", "gpt-4.1é-20310101", "@openai"]
        {
            assert_eq!(find("openai", unknown), None, "{unknown}");
        }
        assert_eq!(find("nobody", "gpt-4.1"), None);
    }

    #[test]
    fn a_long_prompt_has_its_own_price() {
        let price = find("gemini", "gemini-2.5-pro").unwrap().price.unwrap();
        let long = price.long.unwrap();
        assert_eq!(long.from, 200_000);
        assert!(long.input > price.input && long.output > price.output);
    }

    #[test]
    fn no_length_at_which_prices_rise_is_lost() {
        let rises = |provider, model| find(provider, model)?.price?.long.map(|long| long.from);
        assert_eq!(rises("anthropic", "claude-haiku-5-5"), Some(100_000));
        assert_eq!(rises("minimax", "MiniMax-M3"), Some(512_000));
        assert_eq!(rises("gemini", "gemini-2.5-pro"), Some(200_000));
        assert_eq!(rises("openai", "gpt-4.1"), None);
    }
}
