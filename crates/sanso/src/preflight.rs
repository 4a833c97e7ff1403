//! What a deployment lacks, in words.

use std::fmt::Write as _;
use std::sync::Arc;

use sanso_core::{DeploymentId, Lack};

use crate::error::{Error, ErrorKind};
use crate::snapshot::Snapshot;

/// The warning that goes with an answer.
pub(crate) fn warning(label: &Arc<str>, lack: &Lack, called: bool) -> String {
    let lacks = lacks(lack);
    match called {
        true => format!("`{label}` was asked, though it {lacks}"),
        false => format!("`{label}` was passed over: it {lacks}"),
    }
}

/// The error of a request that no deployment of its chain can serve.
pub(crate) fn error(
    group: &str,
    unable: &[(DeploymentId, Lack)],
    status: u16,
    snapshot: &Snapshot,
) -> Error {
    let mut message = format!("no deployment of `{group}` can do what this request asks:");
    for (index, (deployment, lack)) in unable.iter().enumerate() {
        let separator = if index == 0 { " " } else { "; " };
        // Writing to a string cannot fail.
        let _ = write!(message, "{separator}`{}` {}", snapshot.label(*deployment), lacks(lack));
    }
    message.push_str(". Ask for less, or for another model.");
    let too_long = unable.iter().all(|(_, lack)| lack.needs.is_empty());
    Error::new(ErrorKind::InvalidRequest, status, message).with(|inner| {
        let code = if too_long { "context_length_exceeded" } else { "unsupported_by_model" };
        inner.code = Some(code.to_owned());
    })
}

/// `does not support tools, images and takes prompts of at most 8192 tokens`.
pub(crate) fn lacks(lack: &Lack) -> String {
    let needs: Vec<&str> = lack.needs.names().collect();
    let needs = (!needs.is_empty()).then(|| format!("does not support {}", needs.join(", ")));
    let window = lack.window.map(|window| format!("takes prompts of at most {window} tokens"));
    let both: Vec<String> = needs.into_iter().chain(window).collect();
    both.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanso_core::Needs;

    #[test]
    fn what_is_lacking_is_said_in_one_clause() {
        let needs = Needs::TOOLS.and(Needs::IMAGES);
        let both = Lack { needs, window: Some(8192) };
        let said = "does not support tools, images and takes prompts of at most 8192 tokens";
        assert_eq!(lacks(&both), said);
        let label = "openai/small".into();
        let window = Lack { needs: Needs::NONE, window: Some(10) };
        let said = "`openai/small` was passed over: it takes prompts of at most 10 tokens";
        assert_eq!(warning(&label, &window, false), said);
        let tools = Lack { needs: Needs::TOOLS, window: None };
        let said = "`openai/small` was asked, though it does not support tools";
        assert_eq!(warning(&label, &tools, true), said);
    }
}
