//! The report on a stack's profile: a table with what was inferred, the clause, the evidence and what is declared.

use std::fmt::Write as _;

use crate::profile::Inference;
use crate::stack::Declaration;

/// The table, in 80 columns.
#[must_use]
pub fn render(stack: &Declaration, inferences: &[Inference]) -> String {
    let mut text = format!("{} {}: what was inferred from outside\n", stack.name, stack.version);
    for Inference { topic, clause, value, evidence, declared, agrees } in inferences {
        let value = match value {
            Ok(value) => value.clone(),
            Err(why) => format!("unknown: {why}"),
        };
        let _ = writeln!(text, "\n{topic:<26} {value}");
        let declared = declared.as_ref().map(|declared| match agrees {
            Some(true) => format!("declared: {declared}"),
            Some(false) => format!("DECLARED OTHERWISE: {declared}"),
            None => format!("declared: {declared}, not compared"),
        });
        let _ = writeln!(text, "  {clause:<34} {}", declared.unwrap_or_default());
        if let Some(line) = evidence {
            let _ = writeln!(text, "  {}", line.trim_end());
        }
    }
    let contradicted = inferences.iter().filter(|inference| inference.agrees == Some(false)).count();
    let unknown = inferences.iter().filter(|inference| inference.value.is_err()).count();
    let _ = writeln!(
        text,
        "\n{} choices: {unknown} unknown, {contradicted} other than declared",
        inferences.len()
    );
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Whether nothing contradicts what is declared.
#[must_use]
pub fn is_as_declared(inferences: &[Inference]) -> bool {
    inferences.iter().all(|inference| inference.agrees != Some(false))
}
