//! What a validation would cost, counted before it is begun.
//!
//! A schema of thirty lines can ask a validator for 2^30 steps. This walks schema and value as a
//! validator would that never stops early, and gives up at a limit: what it calls bounded, is.

use serde_json::Value;

/// Visits of a schema at a place of a value: some tens of milliseconds.
const VISITS: usize = 500_000;
/// Schemas within each other at which the walk gives up; the validator's stack is as deep.
const DEPTH: usize = 128;

/// Whether asking `schema` about `value` is bounded. It is not where a reference leads anywhere but
/// to a place of the schema itself (`#/...`).
pub(super) fn is_bounded(schema: &Value, value: &Value) -> bool {
    let mut walk = Walk { root: schema, left: VISITS };
    walk.visit(schema, value, 0).is_some()
}

/// Whether a schema can be compiled in bounded time. What depends on which schema asked, or on what
/// others have looked at, is compiled once for each way that leads to it: a graph of twenty
/// definitions takes minutes.
pub(super) fn is_compiled_once(schema: &Value) -> bool {
    const WAYWARD: [&str; 4] =
        ["unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"];
    match schema {
        Value::Object(members) => members
            .iter()
            .all(|(name, inner)| !WAYWARD.contains(&name.as_str()) && is_compiled_once(inner)),
        Value::Array(items) => items.iter().all(is_compiled_once),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

struct Walk<'s> {
    root: &'s Value,
    left: usize,
}

/// `None` gives up.
type Bounded = Option<()>;

impl<'s> Walk<'s> {
    fn visit(&mut self, schema: &'s Value, value: &Value, depth: usize) -> Bounded {
        self.spend(1)?;
        let Value::Object(keywords) = schema else { return Some(()) };
        // A resource within the schema has references of its own, which `resolve` does not know.
        let is_named = |name| keywords.get(name).is_some_and(Value::is_string);
        let is_within = !std::ptr::eq(schema, self.root) && (is_named("$id") || is_named("id"));
        if depth > DEPTH || is_within {
            return None;
        }
        for (keyword, argument) in keywords {
            self.keyword(keyword, argument, value, depth + 1)?;
        }
        Some(())
    }

    fn keyword(&mut self, name: &str, argument: &'s Value, value: &Value, depth: usize) -> Bounded {
        match name {
            "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                self.all(parts(argument, name), value, depth)
            }
            "dependentSchemas" | "dependencies" => self.all(members(argument), value, depth),
            "$ref" => {
                let target = resolve(self.root, argument.as_str()?)?;
                self.visit(target, value, depth)
            }
            "properties" => {
                for (name, schema) in argument.as_object().into_iter().flatten() {
                    if let Some(value) = value.get(name) {
                        self.visit(schema, value, depth)?;
                    }
                }
                self.spend(argument.as_object().map_or(0, serde_json::Map::len))
            }
            "patternProperties" => {
                for (pattern, schema) in argument.as_object().into_iter().flatten() {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        self.pattern(pattern, name)?;
                        self.visit(schema, value, depth)?;
                    }
                }
                Some(())
            }
            "additionalProperties" => {
                let values = value.as_object().into_iter().flatten();
                values.map(|(_, value)| value).try_for_each(|it| self.visit(argument, it, depth))
            }
            "propertyNames" => {
                for (name, _) in value.as_object().into_iter().flatten() {
                    self.visit(argument, &Value::String(name.clone()), depth)?;
                }
                Some(())
            }
            "items" | "prefixItems" | "additionalItems" | "contains" => {
                self.items(argument, value, depth)
            }
            "pattern" => self.pattern(argument.as_str()?, value.as_str().unwrap_or_default()),
            "minLength" | "maxLength" => self.spend(value.as_str().map_or(0, str::len) / 64),
            "enum" | "const" | "required" | "dependentRequired" => self.spend(size(argument)),
            "uniqueItems" => self.spend(size(value)),
            _ => Some(()),
        }
    }

    fn all(
        &mut self,
        mut schemas: impl Iterator<Item = &'s Value>,
        value: &Value,
        depth: usize,
    ) -> Bounded {
        schemas.try_for_each(|schema| self.visit(schema, value, depth))
    }

    fn items(&mut self, argument: &'s Value, value: &Value, depth: usize) -> Bounded {
        let values = value.as_array().into_iter().flatten();
        match argument {
            Value::Array(schemas) => {
                values.zip(schemas).try_for_each(|(value, it)| self.visit(it, value, depth))
            }
            schema => values.into_iter().try_for_each(|value| self.visit(schema, value, depth)),
        }
    }

    /// Linear in the text, and in a program that grows with the pattern: with counted repetitions much
    /// faster than it.
    fn pattern(&mut self, pattern: &str, text: &str) -> Bounded {
        let steps = if pattern.contains('{') { 64 } else { 1 };
        self.spend(1 + text.len().saturating_mul(pattern.len()).saturating_mul(steps) / 64)
    }

    fn spend(&mut self, visits: usize) -> Bounded {
        self.left = self.left.checked_sub(visits)?;
        Some(())
    }
}

/// The schemas of a keyword that takes one or a list.
fn parts<'s>(argument: &'s Value, keyword: &str) -> impl Iterator<Item = &'s Value> {
    let is_list = keyword.ends_with("Of");
    let list = argument.as_array().filter(|_| is_list).into_iter().flatten();
    list.chain((!is_list).then_some(argument))
}

fn members(argument: &Value) -> impl Iterator<Item = &Value> {
    argument.as_object().into_iter().flatten().map(|(_, schema)| schema)
}

/// A reference to a place of the schema itself.
fn resolve<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    let pointer = reference.strip_prefix('#')?;
    // Percent signs are for addresses; nobody writes them in a schema that he sends along.
    if pointer.contains('%') { None } else { root.pointer(pointer) }
}

/// Values in a value, bytes of text counted by 64.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() / 64,
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            1 + members.iter().map(|(name, value)| 1 + name.len() / 64 + size(value)).sum::<usize>()
        }
    }
}
