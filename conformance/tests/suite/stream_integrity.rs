//! Whatever the network does, users get what was sent; once it is fair, they get all of it and both ends come to rest.

use crate::stories::{cases, stories};
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn text_survives_a_hostile_network(story in stories()) {
        if let Err(broken) = story.tell() {
            return Err(TestCaseError::fail(format!("{broken}\n{story}")));
        }
    }
}
