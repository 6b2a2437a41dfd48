//! Host programs of the project.
