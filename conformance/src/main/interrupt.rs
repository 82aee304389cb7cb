//! What happens when the user interrupts the command, or something else asks it to end.
//!
//! A campaign ends early and tells what it found; a second interrupt, and any other command, ends at once. Programs
//! under test never outlive the command.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::Trouble;

/// What a shell reports of a command that was interrupted.
#[cfg(unix)]
const INTERRUPTED: i32 = 130;

/// Asks the campaign to end, if there is one.
static CAMPAIGN: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on an interrupt ends programs under test with the command.
#[cfg(unix)]
pub(crate) fn catch() -> Result<(), Trouble> {
    static CAUGHT: std::sync::Once = std::sync::Once::new();
    let mut outcome = Ok(());
    CAUGHT.call_once(|| {
        outcome = ctrlc::set_handler(|| {
            let first = |ending: &Arc<AtomicBool>| !ending.swap(true, Ordering::Relaxed);
            if !CAMPAIGN.get().is_some_and(first) {
                end_at_once(INTERRUPTED);
            }
        });
    });
    outcome.map_err(|error| Trouble(format!("interrupts cannot be caught: {error}")))
}

#[cfg(not(unix))]
pub(crate) fn catch() -> Result<(), Trouble> {
    Ok(())
}

/// From now on the first interrupt only sets what is returned.
pub(crate) fn ends_campaign() -> Result<Arc<AtomicBool>, Trouble> {
    catch()?;
    Ok(Arc::clone(CAMPAIGN.get_or_init(Arc::default)))
}

/// Ends this process and the programs under test that it has started.
pub(crate) fn end_at_once(code: i32) -> ! {
    #[cfg(unix)]
    tcpspec::stack::command::end_all();
    std::process::exit(code)
}
