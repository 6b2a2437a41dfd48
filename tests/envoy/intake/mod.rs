//! What is collected, what is refused and what passes, however it is framed.

mod framing;
mod passing;
mod refusal;
