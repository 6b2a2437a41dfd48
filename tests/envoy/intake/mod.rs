//! Requests that are collected, refused or passed on, however their bodies are framed.

mod bodies;
mod framing;
mod passing;
mod refusal;
mod upload;
