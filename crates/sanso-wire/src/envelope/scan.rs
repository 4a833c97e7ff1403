//! One pass over JSON that is known to be well-formed: its depth, and what an estimate needs.

use memchr::memchr2;
use sanso_core::Needs;

/// A string at least this long in which no byte is outside base64's alphabet is taken for data: no
/// prose goes on for so long without a space.
const OPAQUE_BYTES: usize = 512;

/// What a scan found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Levels of objects and arrays; 0 for a scalar.
    pub(super) depth: usize,
    /// Elements of the array, if it is one.
    pub(super) elements: usize,
    /// Position of the first element that is not an object.
    pub(super) first_non_object: Option<usize>,
    /// Bytes in strings that are data rather than text: `data:` URLs and bare base64.
    pub(super) opaque_bytes: usize,
    /// What the parts of messages hold besides text, if it is a list of messages.
    pub(super) media: Needs,
}

/// Scans one JSON value without recursion, so that its depth costs no stack.
pub(super) fn scan(json: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let in_array = json.first() == Some(&b'[');
    let (mut depth, mut at, mut awaits_element) = (0_usize, 0_usize, false);
    while let Some(&byte) = json.get(at) {
        if awaits_element && depth == 1 && !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b']') {
            awaits_element = false;
            if byte != b'{' && shape.first_non_object.is_none() {
                shape.first_non_object = Some(shape.elements);
            }
            shape.elements += 1;
        }
        match byte {
            b'"' => {
                let length = string_length(json.get(at + 1..).unwrap_or_default());
                let string = json.get(at + 1..at + 1 + length).unwrap_or_default();
                if is_opaque(string) {
                    shape.opaque_bytes += length;
                }
                at += length + 1;
                if depth == PART_DEPTH {
                    shape.media = shape.media.and(medium(string, json.get(at + 1..)));
                }
            }
            b'{' | b'[' => {
                depth += 1;
                shape.depth = shape.depth.max(depth);
                awaits_element = in_array && depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => awaits_element = in_array && depth == 1,
            _ => {}
        }
        at += 1;
    }
    shape
}

/// Where the members of a part stand in a list of messages: list, message, `content`, part.
const PART_DEPTH: usize = 4;

/// What a part's member brings along, by its name. A name written with escapes is not known, and the
/// provider is to say what it cannot take.
fn medium(string: &[u8], after: Option<&[u8]>) -> Needs {
    let medium = match string {
        b"image_url" => Needs::IMAGES,
        b"input_audio" => Needs::AUDIO,
        b"file" | b"document_url" => Needs::FILES,
        _ => return Needs::NONE,
    };
    // Text may hold the same word, and so may `type`; only a name is followed by a colon.
    let is_name = after.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
    medium.when(is_name)
}

/// Bytes up to the closing quote.
fn string_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    text.len()
}

fn is_opaque(string: &[u8]) -> bool {
    if string.len() < OPAQUE_BYTES {
        return false;
    }
    let is_data_url = || {
        string.starts_with(b"data:")
            && string
                .get(..128)
                .is_some_and(|head| memchr::memmem::find(head, b";base64,").is_some())
    };
    let is_base64 = || {
        string.get(..OPAQUE_BYTES).is_some_and(|head| {
            // `\/` is how some encoders write a slash.
            head.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=-_\\".contains(b))
        })
    };
    is_data_url() || is_base64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_levels_outside_strings() {
        assert_eq!(scan(b"1").depth, 0);
        assert_eq!(scan(br#"{"a":[{"b":"]]]{{{\"["}]}"#).depth, 3);
        assert_eq!(scan("[".repeat(100_000).as_bytes()).depth, 100_000);
    }

    #[test]
    fn elements_of_the_outer_array_are_looked_at() {
        let shape = scan(br#" [{"a":[1,2]} , {"b":"x,y"}, "no", {}]"#.trim_ascii_start());
        assert_eq!((shape.elements, shape.first_non_object), (4, Some(2)));
        assert_eq!(scan(b"[ ]").elements, 0);
        assert_eq!(scan(br#"{"a":[1]}"#).elements, 0);
        assert_eq!(scan(b"[[{}]]").first_non_object, Some(0));
    }

    #[test]
    fn data_is_not_text() {
        let base64 = "QUJD".repeat(200);
        let url =
            format!(r#"["data:image/png;base64,{base64}","{base64}","{}"]"#, "a b ".repeat(400));
        assert_eq!(scan(url.as_bytes()).opaque_bytes, 800 + 22 + 800);
    }

    #[test]
    fn media_are_known_by_the_names_of_parts_members() {
        let of = |part: &str| scan(format!(r#"[{{"content":[{part}]}}]"#).as_bytes()).media;
        assert_eq!(of(r#"{"type":"image_url","image_url" : {"url":"x"}}"#), Needs::IMAGES);
        assert_eq!(of(r#"{"type":"input_audio","input_audio":{}}"#), Needs::AUDIO);
        assert_eq!(of(r#"{"file":{}},{"image_url":""}"#), Needs::FILES.and(Needs::IMAGES));
        assert_eq!(of(r#"{"type":"text","text":"image_url"}"#), Needs::NONE);
        assert_eq!(of(r#"{"text":"\"image_url\":1","deep":{"file":1}}"#), Needs::NONE);
        assert_eq!(scan(br#"[{"content":"image_url","file":1}]"#).media, Needs::NONE);
    }
}
