//! What must hold for any sequence, whatever the original would say.
