//! The id of a deployment that has none of its own.

use std::fmt::Write as _;

use super::source::{MASK, is_reference, sounds_secret};
use super::yaml::{Node, Value};

/// 128-bit FNV-1a, in hex, over the `model_name` and the parameters in the order of the file.
///
/// LiteLLM takes a SHA-256 over the resolved values, keys included. We hash what is *written*, and
/// leave literal secrets out: so the id says nothing about a key, and a deployment keeps its state
/// when its key is changed. Two entries that are then the same are told apart by their number.
pub(super) fn of(model_name: &str, params: &Node) -> String {
    let mut written = String::from(model_name);
    write_node(&mut written, params, false);
    format!("{:032x}", fnv1a_128(written.as_bytes()))
}

/// The same for one of several deployments made from one entry.
pub(super) fn derived(id: &str, part: &str) -> String {
    format!("{:032x}", fnv1a_128(format!("{id}\n{part}").as_bytes()))
}

fn write_node(out: &mut String, node: &Node, secret: bool) {
    // Writing to a String cannot fail.
    let _ = match &node.value {
        Value::Text(text) if secret && !is_reference(text) => writeln!(out, "{MASK}"),
        Value::Text(text) => writeln!(out, "{text:?}"),
        Value::Int(_) | Value::Float(_) if secret => writeln!(out, "{MASK}"),
        Value::Int(value) => writeln!(out, "{value}"),
        Value::Float(value) => writeln!(out, "{value}"),
        Value::Bool(value) => writeln!(out, "{value}"),
        Value::Null => writeln!(out, "~"),
        Value::List(items) => {
            out.push_str("[\n");
            items.iter().for_each(|item| write_node(out, item, secret));
            writeln!(out, "]")
        }
        Value::Map(entries) => {
            out.push_str("{\n");
            for (key, value) in entries {
                let _ = write!(out, "{:?}:", key.name);
                write_node(out, value, secret || sounds_secret(&key.name));
            }
            writeln!(out, "}}")
        }
    };
}

/// FNV-1a with its published 128-bit offset basis and prime.
fn fnv1a_128(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    #[test]
    fn the_hash_is_fnv1a() {
        // The published 128-bit test vectors of the empty string and of "foobar".
        assert_eq!(fnv1a_128(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a_128(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn a_key_change_keeps_the_id_and_a_model_change_does_not() {
        let id = |text: &str| of("m", &yaml::parse(text).unwrap());
        let first = id("{model: openai/a, api_key: sk-1}");
        assert_eq!(first, id("{model: openai/a, api_key: sk-2}"));
        assert_ne!(first, id("{model: openai/b, api_key: sk-1}"));
        assert_ne!(first, id("{model: openai/a, api_key: os.environ/K}"));
    }
}
