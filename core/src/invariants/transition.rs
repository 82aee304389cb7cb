//! What a step may do (I-030 to I-078): opening, what the synchronized states make of a segment, closing.

pub(super) mod closing;
pub(super) mod congestion;
pub(super) mod handshake;
pub(super) mod synchronized;
