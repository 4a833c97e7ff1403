//! What the commands print, and what they end with.

use std::process::Output;

use crate::support::{File, config_at, run};

const BASE: &str = "http://127.0.0.1:9/v1";

fn texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn serve(config: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let file = File::new(config);
    texts(&run(&[&["serve", "--config", file.path(), "--port", "0"], more].concat()).await)
}

async fn check(config: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let file = File::new(config);
    texts(&run(&[&["check", file.path()], more].concat()).await)
}

#[tokio::test]
async fn an_open_gateway_listens_on_loopback_only() {
    for host in ["0.0.0.0", "::", "192.168.1.1"] {
        let (code, out, told) = serve(&config_at(BASE, ""), &["--host", host]).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{told}");
        assert!(told.contains(host) && told.contains("no master key is set"), "{told}");
        assert!(told.contains("master_key: os.environ/"), "what to do: {told}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_yaml_is_refused_with_the_place() {
    let bad = "model_list:\n  - model_name: main\n    litellm_params: { model: [\n";
    let file = File::new(bad);
    for arguments in
        [vec!["serve", "--config", file.path(), "--port", "0"], vec!["check", file.path()]]
    {
        let (code, out, told) = texts(&run(&arguments).await);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{told}");
        let place = told.split(file.path()).nth(1).unwrap_or_default();
        let numbers: Vec<&str> = place.split([':', '\n', ' ']).filter(|t| !t.is_empty()).collect();
        assert!(numbers[0].parse::<u32>().is_ok() && numbers[1].parse::<u32>().is_ok(), "{told}");
    }
}

#[tokio::test]
async fn an_unset_variable_is_refused_by_its_name_and_may_be_allowed() {
    let unset = config_at(BASE, "").replace("sk-0123456789abcdef", "os.environ/NOT_SET_ANYWHERE");
    let (code, out, told) = serve(&unset, &[]).await;
    assert_eq!((code, out.as_str()), (Some(2), ""), "{told}");
    assert!(told.contains("NOT_SET_ANYWHERE"), "{told}");
    let (code, _, told) = check(&unset, &["--allow-unset-env"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("NOT_SET_ANYWHERE"), "{told}");
}

#[tokio::test]
async fn check_says_what_it_thinks_by_its_exit_code() {
    let good = config_at(BASE, "");
    let (code, out, told) = check(&good, &[]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(out.contains("main") && out.contains("openai/gpt-4.1"), "{out}");
    assert!(!out.contains("sk-0123") && !told.contains("sk-0123"));

    let odd = config_at(BASE, "router_settings: { num_retriess: 2 }");
    let (code, _, told) = check(&odd, &[]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("num_retriess") && told.contains("num_retries"), "{told}");
    assert_eq!(check(&odd, &["--strict"]).await.0, Some(2));

    let lost = config_at(BASE, "litellm_settings: { fallbacks: [{ main: [nobody] }] }");
    let (code, _, told) = check(&lost, &[]).await;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("nobody"), "{told}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_refused_by_its_name() {
    for arguments in [vec!["check", "no/such.yaml"], vec!["serve", "--config", "no/such.yaml"]] {
        let (code, _, told) = texts(&run(&arguments).await);
        assert_eq!(code, Some(2));
        assert!(told.contains("no/such.yaml"), "{told}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let file = File::new(&config_at(BASE, ""));
    let (code, out, told) = texts(&run(&["serve", "--config", file.path(), "--port", &port]).await);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(told.contains(&port), "{told}");
}

#[tokio::test]
async fn help_and_version_are_there_and_a_wrong_word_is_refused() {
    let (code, out, _) = texts(&run(&["--help"]).await);
    assert_eq!(code, Some(0));
    assert!(out.contains("serve") && out.contains("check"), "{out}");
    assert_eq!(texts(&run(&["--version"]).await).0, Some(0));
    assert_eq!(texts(&run(&["sevre"]).await).0, Some(2));
}
