//! The processes of a server.

use crate::Fallible;

/// A process and all below it, as far as they still run.
pub(crate) fn processes(first: u32) -> Vec<u32> {
    let mut all = vec![first];
    let mut next = 0;
    while let Some(process) = all.get(next).copied() {
        all.extend(children(process));
        next += 1;
    }
    all
}

/// Sum up a number of each process. Those that end in this moment are left out; that none answers is an error.
pub(crate) fn sum(first: u32, number: impl Fn(u32) -> Option<u64>) -> Fallible<u64> {
    let numbers: Vec<u64> = processes(first).into_iter().filter_map(number).collect();
    if numbers.is_empty() {
        return Err("the system says nothing about the server's processes".into());
    }
    Ok(numbers.iter().sum())
}

/// The children of each of its threads.
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let mut children = Vec::new();
    for thread in threads.flatten() {
        let text = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        children.extend(text.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    children
}
