//! MIME types of media that are given by URL.

/// The start of the addresses that Gemini's own Files API gives out; it knows their types.
const FILES_API: &str = "https://generativelanguage.googleapis.com/";

/// The MIME type to declare for a picture at `url`.
///
/// Gemini wants one and a URL carries none, so it is guessed from the extension; `image/*` where that
/// tells nothing, and none at all for what was uploaded to the Files API.
pub(super) fn of_image(url: &str) -> Option<&'static str> {
    match of_name(path(url)) {
        Some(known) => Some(known),
        None if url.starts_with(FILES_API) => None,
        None => Some("image/*"),
    }
}

/// The MIME type to declare for a document at `url`, by its extension or else that of `name`.
pub(super) fn of_file(url: &str, name: Option<&str>) -> Option<&'static str> {
    of_name(path(url)).or_else(|| of_name(name?))
}

/// `url` without query and fragment.
fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The MIME type of a file's name. The types are those that Gemini documents as input, and the
/// commonest of the web besides.
fn of_name(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next()?;
    let (_, extension) = file.rsplit_once('.')?;
    let known = match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "xml" => "text/xml",
        "rtf" => "text/rtf",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "aiff" => "audio/aiff",
        "aac" => "audio/aac",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "m4a" => "audio/mp4",
        "mp4" => "video/mp4",
        "mpeg" | "mpg" => "video/mpeg",
        "mov" => "video/quicktime",
        "avi" => "video/x-msvideo",
        "webm" => "video/webm",
        "wmv" => "video/wmv",
        "flv" => "video/x-flv",
        "3gp" => "video/3gpp",
        _ => return None,
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures() {
        assert_eq!(of_image("https://a.example/b/Cat.PNG?size=2.5#top"), Some("image/png"));
        assert_eq!(of_image("gs://bucket/cat.jpeg"), Some("image/jpeg"));
        assert_eq!(of_image("https://a.example"), Some("image/*"));
        assert_eq!(of_image("https://a.example/cat?as=x.png"), Some("image/*"));
        assert_eq!(of_image("https://generativelanguage.googleapis.com/v1beta/files/abc"), None);
        assert_eq!(of_image(""), Some("image/*"));
        assert_eq!(of_image("gs://bucket/.png/"), Some("image/*"));
    }

    #[test]
    fn documents() {
        assert_eq!(of_file("https://a.example/x.pdf", Some("x.txt")), Some("application/pdf"));
        assert_eq!(of_file("https://a.example/download", Some("notes.md")), Some("text/markdown"));
        assert_eq!(of_file("https://youtu.be/abc", None), None);
    }
}
