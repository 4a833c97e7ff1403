//! Content that is more than text: lists of pieces, pictures, `data:` URLs.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::Word;
use crate::ir::{Media, Part};
use crate::object::unescape;

/// One piece of content that came as a list.
#[derive(Debug, Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    text: Word<'a>,
    /// Mistral: text, or a list of pieces.
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
}

/// Content as parts: text, Mistral's thoughts, pictures. Empty text is no part; pieces of other kinds
/// (references) have no place in a message.
pub(super) fn read(content: Option<&RawValue>) -> Vec<Part> {
    let Some(raw) = content else { return Vec::new() };
    if let Some(text) = unescape(raw.get()) {
        return if text.is_empty() { Vec::new() } else { vec![Part::Text(text.into_owned())] };
    }
    let pieces: Vec<Piece<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
    let parts = pieces.into_iter().filter_map(|piece| {
        if let Some(thinking) = piece.thinking {
            return Some(Part::Reasoning { text: thought(thinking), signature: None });
        }
        if let Some(url) = piece.image_url.and_then(|raw| image_url(raw.get())) {
            return media(&url).map(Part::Image);
        }
        piece.text.get().map(|text| Part::Text(text.to_owned()))
    });
    parts.collect()
}

fn thought(raw: &RawValue) -> String {
    if let Some(text) = unescape(raw.get()) {
        return text.into_owned();
    }
    let pieces: Vec<Piece<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
    pieces.into_iter().map(|piece| piece.text.into_string()).collect()
}

/// What of `reasoning` comes before the thoughts in `signed`, which end it; empty where that cannot be
/// told. Gemini shows a thought unsigned, and signs what follows.
pub(super) fn unsigned<'a>(reasoning: &'a str, signed: &[Part]) -> &'a str {
    let mut rest = reasoning;
    for part in signed.iter().rev() {
        if let Part::Reasoning { text, .. } = part {
            rest = rest.strip_suffix(text.as_str()).unwrap_or_default();
        }
    }
    rest
}

/// The address in an `image_url`, which is a string or an object with a `url`.
pub(super) fn image_url(raw: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct ImageUrl<'a> {
        #[serde(borrow)]
        url: Word<'a>,
    }
    unescape(raw)
        .or_else(|| serde_json::from_str::<ImageUrl<'_>>(raw).ok().map(|image| image.url.0))
}

/// Takes a `data:` URL apart (RFC 2397, base64 only), and knows the other addresses that providers
/// fetch; none for anything else.
pub(super) fn media(url: &str) -> Option<Media> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    if matches!(scheme.as_str(), "http" | "https" | "gs") {
        return Some(Media::Url(url.to_owned()));
    }
    let (head, base64) = url.get(5..).filter(|_| scheme == "data")?.split_once(',')?;
    let parameters = head.strip_suffix(";base64")?;
    let media_type = parameters.split(';').next().unwrap_or_default();
    let media_type = if media_type.is_empty() { "text/plain" } else { media_type };
    Some(Media::Data { media_type: media_type.to_owned(), base64: base64.to_owned() })
}
